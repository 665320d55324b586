internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import NIOCore
internal import Scheduling

/// Receives request bodies within the service's limits.
struct RequestBodies: Sendable {
    let budget: ByteBudget
    let pipeline: DetectionPipeline

    var workers: WorkerPool { pipeline.workers }

    /// Receives the complete body, decompresses it if it has a `Content-Encoding`, and passes it to `use`.
    ///
    /// The bytes count against the budget until `use` returns.
    /// - Parameters:
    ///   - call: The request.
    ///   - flow: Flow of the queue that the body will wait in; if the queue is full, the body is not received. nil
    ///     does not look at the queue.
    ///   - use: Receives the body.
    /// - Returns: The result of `use`.
    /// - Throws: `SchedulingError` if the queue is full; ``Problem`` (413) above the limit of one body, (415) for an
    ///   unknown coding, (400) for damaged data; `ByteBudget.Exceeded`; errors of `use`.
    func withBytes<Result: Sendable>(
        of call: Call,
        flow: String? = nil,
        _ use: ([UInt8]) async throws -> Result
    ) async throws -> Result {
        let coding = try ContentCoding(call.request.headers)
        let limit = budget.maximumBodyBytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(call.contentLength ?? 0, limit))
        return try await receive(call, flow: flow) { chunk in
            bytes.append(contentsOf: chunk.readableBytesView)
        } then: {
            guard let coding else { return try await use(bytes) }
            let encoded = bytes
            bytes = []
            let decoded = try await workers.run {
                try DecodedBody(encoded, coding, limit: limit, budget: budget)
            }
            return try await use(decoded.bytes)
        }
    }

    /// Receives a JSON body, validates it against the operation's declaration and passes its members to `use`.
    ///
    /// - Throws: ``Problem`` (400) if it is not JSON; `ValidationErrors` if it does not match; errors of `use`.
    func withJSON<Result: Sendable>(
        of call: Call,
        flow: String? = nil,
        _ use: (Values) async throws -> Result
    ) async throws -> Result {
        try await withBytes(of: call, flow: flow) { body in
            // Decoding a large body takes too long for a cooperative thread.
            let values = try await workers.run { try call.json(body) }
            call.context.stages.end(.parse)
            return try await use(values)
        }
    }

    /// Receives a `multipart/form-data` body, or one of any other type, which is dropped.
    ///
    /// - Throws: `MultipartError` if it is malformed; errors of `use`.
    func withForm<Result: Sendable>(
        of call: Call,
        flow: String? = nil,
        _ use: (Form) async throws -> Result
    ) async throws -> Result {
        guard let contentType = call.contentType, contentType.essence == "multipart/form-data" else {
            return try await receive(call, flow: flow) { _ in
            } then: {
                try await use(Form())
            }
        }
        return try await withCollected(of: call, flow: flow, contentType: contentType) {
            try await use(Form(parts: $0))
        }
    }

    /// Receives a `multipart/form-data` body and passes the contents of its parts to `use`, in their order.
    ///
    /// - Throws: ``Problem`` (400) if the body has no part; `MultipartError` if it is malformed; errors of `use`.
    func withParts<Result: Sendable>(
        of call: Call,
        flow: String,
        contentType: ContentType,
        _ use: ([[UInt8]]) async throws -> Result
    ) async throws -> Result {
        try await withCollected(of: call, flow: flow, contentType: contentType) { parts in
            guard !parts.isEmpty else { throw Problem(.malformed, "The body has no parts; send a picture as a part.") }
            return try await use(parts.map(\.bytes))
        }
    }

    private func withCollected<Result: Sendable>(
        of call: Call,
        flow: String?,
        contentType: ContentType,
        _ use: ([Form.Part]) async throws -> Result
    ) async throws -> Result {
        var collector = try PartCollector(contentType: contentType, maximumPartBytes: budget.maximumBodyBytes)
        guard try ContentCoding(call.request.headers) == nil else {
            return try await withBytes(of: call, flow: flow) { bytes in
                try collector.add(bytes)
                return try await use(try collector.finish())
            }
        }
        return try await receive(call, flow: flow) { chunk in
            try collector.add(chunk.readableBytesView)
        } then: {
            try await use(try collector.finish())
        }
    }

    /// Collects the parts of a multipart body.
    private struct PartCollector {
        private var parser: MultipartParser
        private var parts: [Form.Part] = []

        init(contentType: ContentType, maximumPartBytes: Int) throws {
            var limits = MultipartParser.Limits()
            limits.partBytes = maximumPartBytes
            parser = try MultipartParser(contentType: contentType, limits: limits)
        }

        mutating func add(_ bytes: some Collection<UInt8>) throws {
            for event in try parser.parse(bytes) {
                switch event {
                case .part(let part):
                    parts.append(Form.Part(name: part.name, isFile: part.fileName != nil, bytes: []))
                case .content(let bytes): parts[parts.count - 1].bytes.append(contentsOf: bytes)
                case .partEnd, .end: break
                }
            }
        }

        mutating func finish() throws -> [Form.Part] {
            try parser.finish()
            return parts
        }
    }

    /// Receives the body chunk by chunk, then continues with `use`.
    private func receive<Result: Sendable>(
        _ call: Call,
        flow: String?,
        each receive: (ByteBuffer) throws -> Void,
        then use: () async throws -> Result
    ) async throws -> Result {
        // A request that the queue has no room for is refused without its body: receiving it would take the time that
        // admitted requests need.
        if let flow { try pipeline.queue.checkRoom(flow: flow, deadline: call.context.deadline) }
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
