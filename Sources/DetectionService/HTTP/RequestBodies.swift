internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import NIOCore
internal import Scheduling

/// Receives request bodies within the service's limits.
struct RequestBodies: Sendable {
    let budget: ByteBudget
    let workers: WorkerPool

    /// Receives the complete body and passes it to `use`.
    ///
    /// The bytes count against the budget until `use` returns.
    /// - Throws: ``Problem`` (413) above the limit of one body; `ByteBudget.Exceeded`; errors of `use`.
    func withBytes<Result: Sendable>(
        of call: Call,
        _ use: ([UInt8]) async throws -> Result
    ) async throws -> Result {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(call.contentLength ?? 0, budget.maximumBodyBytes))
        return try await receive(call) { chunk in
            bytes.append(contentsOf: chunk.readableBytesView)
        } then: {
            try await use(bytes)
        }
    }

    /// Receives a JSON body, validates it against the operation's declaration and passes its members to `use`.
    ///
    /// - Throws: ``Problem`` (400) if it is not JSON; `ValidationErrors` if it does not match; errors of `use`.
    func withJSON<Result: Sendable>(
        of call: Call,
        _ use: (Values) async throws -> Result
    ) async throws -> Result {
        try await withBytes(of: call) { body in
            // Decoding a large body takes too long for a cooperative thread.
            let values = try await workers.run { try call.json(body) }
            call.context.stages.end(.parse)
            return try await use(values)
        }
    }

    /// Receives a `multipart/form-data` body and passes the contents of its parts to `use`, in their order.
    ///
    /// - Throws: ``Problem`` (400) if the body has no part; `MultipartError` if it is malformed; errors of `use`.
    func withParts<Result: Sendable>(
        of call: Call,
        contentType: ContentType,
        _ use: ([[UInt8]]) async throws -> Result
    ) async throws -> Result {
        var limits = MultipartParser.Limits()
        limits.partBytes = budget.maximumBodyBytes
        var parser = try MultipartParser(contentType: contentType, limits: limits)
        var parts: [[UInt8]] = []
        return try await receive(call) { chunk in
            for event in try parser.parse(chunk.readableBytesView) {
                switch event {
                case .part: parts.append([])
                case .content(let bytes): parts[parts.count - 1].append(contentsOf: bytes)
                case .partEnd, .end: break
                }
            }
        } then: {
            try parser.finish()
            guard !parts.isEmpty else { throw Problem(.malformed, "The body has no parts; send a picture as a part.") }
            return try await use(parts)
        }
    }

    /// Receives the body chunk by chunk, then continues with `use`.
    private func receive<Result: Sendable>(
        _ call: Call,
        each receive: (ByteBuffer) throws -> Void,
        then use: () async throws -> Result
    ) async throws -> Result {
        let limit = budget.maximumBodyBytes
        let tooLarge = Problem(.tooLarge, "The body exceeds the limit of \(limit) bytes; send a smaller picture.")
        if let length = call.contentLength, length > limit { throw tooLarge.closingConnection }
        var received = 0
        defer { budget.giveBack(received) }
        call.context.phase.beginReceivingBody()
        do {
            for try await chunk in call.request.body {
                guard received + chunk.readableBytes <= limit else { throw tooLarge }
                try budget.take(chunk.readableBytes)
                received += chunk.readableBytes
                try receive(chunk)
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Problem(error).closingConnection
        }
        if let length = call.contentLength, received < length { throw ClientLeft() }
        call.context.phase.endReceivingBody()
        call.context.stages.end(.receive)
        return try await use()
    }
}

extension Problem {
    /// The same problem, but closing the connection: the rest of the body is not read, and may be endless.
    fileprivate var closingConnection: Problem {
        var problem = self
        problem.headers[.connection] = "close"
        return problem
    }
}
