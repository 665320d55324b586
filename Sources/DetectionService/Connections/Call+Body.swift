internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

extension ServiceComponents {
    /// Receives the request's body whole and hands it to `use`.
    ///
    /// The bytes count against the service's budget until `use` returns.
    /// - Throws: ``Problem``: 413 past the limit of one body, 503 past that of all; what `use` throws.
    func withBody<Result: Sendable>(
        of call: Call,
        _ use: ([UInt8]) async throws -> Result
    ) async throws -> Result {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(call.contentLength ?? 0, settings.maximumBodyBytes))
        return try await receiveBody(of: call) { chunk in
            bytes.append(contentsOf: chunk.readableBytesView)
        } then: {
            try await use(bytes)
        }
    }

    /// Receives the request's JSON body and hands its members, checked against the operation's declaration, to `use`.
    ///
    /// - Throws: ``Problem``: 400 when it is not JSON, 422 when it does not fit; what `use` throws.
    func withJSON<Result: Sendable>(
        of call: Call,
        _ use: (Values) async throws -> Result
    ) async throws -> Result {
        try await withBody(of: call) { body in
            // A large body takes a while to decode, so not on a thread of the cooperative pool.
            let values = try await work { try call.json(body) }
            call.context.stages.end(.parse)
            return try await use(values)
        }
    }

    /// Receives the request's body chunk by chunk, within the limits, then goes on with `use`.
    func receiveBody<Result: Sendable>(
        of call: Call,
        each receive: (ByteBuffer) throws -> Void,
        then use: () async throws -> Result
    ) async throws -> Result {
        let limit = settings.maximumBodyBytes
        let tooLarge = Problem(
            .tooLarge,
            "The body has more than the \(limit) bytes that are taken; send a smaller picture."
        )
        if let length = call.contentLength, length > limit { throw Self.leavingBody(tooLarge) }
        var received = 0
        defer { memoryBudget.giveBack(received) }
        do {
            for try await chunk in call.request.body {
                guard received + chunk.readableBytes <= limit else { throw tooLarge }
                guard memoryBudget.take(chunk.readableBytes) else { throw outOfMemory }
                received += chunk.readableBytes
                try receive(chunk)
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Self.leavingBody(error)
        }
        if let length = call.contentLength, received < length { throw ClientLeft() }
        call.context.stages.end(.receive)
        return try await use()
    }
}

extension ServiceComponents {
    /// The rest of the body is not wanted, and may be without end: the connection is closed after the answer.
    private static func leavingBody(_ error: any Error) -> Problem {
        var problem = Problem(error)
        problem.headers[.connection] = "close"
        return problem
    }

    var outOfMemory: Problem {
        let message = "The service holds as many pictures as it has memory for; try again in a moment."
        return Problem(.busy, message, headers: [.retryAfter: retryAfterSeconds])
    }
}

extension Call {
    var contentLength: Int? { request.headers[.contentLength].flatMap { Int($0) } }
}
