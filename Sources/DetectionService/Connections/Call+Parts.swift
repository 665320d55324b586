internal import Hummingbird
internal import NIOCore

extension ServiceComponents {
    /// Receives a `multipart/form-data` body and hands the contents of its parts to `use`, in their order.
    ///
    /// - Throws: ``Problem``: 400 for a body that is malformed or has no part; what `use` throws.
    func withParts<Result: Sendable>(
        of call: Call,
        contentType: ContentType,
        _ use: ([[UInt8]]) async throws -> Result
    ) async throws -> Result {
        var limits = MultipartParser.Limits()
        limits.partBytes = settings.maximumBodyBytes
        var parser = try MultipartParser(contentType: contentType, limits: limits)
        var parts: [[UInt8]] = []
        return try await receiveBody(of: call) { chunk in
            for event in try parser.parse(chunk.readableBytesView) {
                switch event {
                case .part: parts.append([])
                case .content(let bytes): parts[parts.count - 1].append(contentsOf: bytes)
                case .partEnd, .end: break
                }
            }
        } then: {
            try parser.finish()
            guard !parts.isEmpty else { throw Problem(.malformed, "The body has no part; send a picture in one.") }
            return try await use(parts)
        }
    }
}
