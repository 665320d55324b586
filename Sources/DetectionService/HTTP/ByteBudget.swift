internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Synchronization

/// Bounds the bytes of bodies and large responses that all requests hold in memory together.
package final class ByteBudget: Sendable {
    /// The budget is used up.
    package struct Exceeded: Error {}

    /// Maximum number of bytes of one request's body.
    let maximumBodyBytes: Int
    private let remaining: Mutex<Int>

    /// - Parameters:
    ///   - total: Maximum number of bytes over all requests.
    ///   - maximumBodyBytes: Maximum number of bytes of one request's body.
    init(total: Int, maximumBodyBytes: Int) {
        self.maximumBodyBytes = maximumBodyBytes
        remaining = Mutex(total)
    }

    /// Takes `count` bytes.
    ///
    /// - Throws: ``Exceeded`` if fewer are left.
    package func take(_ count: Int) throws(Exceeded) {
        let isTaken = remaining.withLock { remaining in
            guard remaining >= count else { return false }
            remaining -= count
            return true
        }
        guard isTaken else { throw Exceeded() }
    }

    package func giveBack(_ count: Int) {
        remaining.withLock { $0 += count }
    }

    /// Bytes of the budget that are released with the last reference.
    package final class Share: Sendable {
        private let budget: ByteBudget
        private let count: Int

        package init(of budget: ByteBudget, count: Int) throws(Exceeded) {
            try budget.take(count)
            self.budget = budget
            self.count = count
        }

        deinit { budget.giveBack(count) }
    }
}

extension Response {
    /// Size in bytes up to which a body is not counted while the client reads it.
    private static let smallBodyBytes = 256 << 10

    /// Makes a response with a body that counts against the budget until the client has read it.
    ///
    /// - Throws: `ByteBudget.Exceeded`.
    init(_ bytes: [UInt8], headers: HTTPFields, budget: ByteBudget) throws(ByteBudget.Exceeded) {
        try self.init(ByteBuffer(bytes: bytes), headers: headers, budget: budget)
    }

    /// Makes a response with a body that counts against the budget until the client has read it.
    ///
    /// - Throws: `ByteBudget.Exceeded`.
    init(_ buffer: ByteBuffer, headers: HTTPFields, budget: ByteBudget) throws(ByteBudget.Exceeded) {
        let count = buffer.readableBytes
        guard count > Self.smallBodyBytes else {
            self.init(status: .ok, headers: headers, body: ResponseBody(byteBuffer: buffer))
            return
        }
        // Capped, because a response may be larger than the complete budget and must still be possible.
        let share = try ByteBudget.Share(of: budget, count: min(count, budget.maximumBodyBytes))
        let body = ResponseBody(contentLength: count) { writer in
            try await writer.write(buffer)
            try await writer.finish(nil)
            withExtendedLifetime(share) {}
        }
        self.init(status: .ok, headers: headers, body: body)
    }
}
