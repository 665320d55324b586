internal import DecodeWorkers
internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import JSONSchema
internal import Scheduling
internal import Storage

/// Responds with a stored picture as it is, in another format, or with its metadata, according to `Accept`.
struct PictureResponder: Sendable {
    let pipeline: DetectionPipeline
    let budget: ByteBudget

    /// - Throws: ``Problem`` (406); `SchedulingError`; `ImageError`; `ByteBudget.Exceeded`.
    func respond(to call: Call, with picture: StoredImage, links: PictureLinks) async throws -> Response {
        let own = ImageFormat(name: picture.metadata.format)
        let choice = try call.negotiated(from: Self.mediaTypes(first: own))
        let target = ImageFormat.allCases.first { $0.mediaType == choice }
        let tag = "\"\(picture.metadata.sha256)\(target == own ? "" : "-\(target?.name ?? "json")")\""
        var headers: HTTPFields = [.eTag: tag, .vary: "Accept", .cacheControl: "no-cache"]
        if call.request.matches(entityTag: tag) { return Response(status: .notModified, headers: headers) }

        headers[.contentType] = choice
        let bytes: [UInt8]
        switch target {
        case .none: bytes = try PictureBody(picture.metadata, links: links).json()
        case own: bytes = picture.bytes
        case .some(let format): bytes = try await transcode(picture.bytes, to: format, call: call)
        }
        return try Response(bytes, headers: headers, budget: budget)
    }

    /// Media types in which a picture is offered, its own format first.
    static func mediaTypes(first own: ImageFormat?) -> [String] {
        ([own].compactMap(\.self) + ImageFormat.encodable).map(\.mediaType) + ["application/json"]
    }

    private func transcode(_ bytes: [UInt8], to format: ImageFormat, call: Call) async throws -> [UInt8] {
        let stages = call.context.stages
        return try await call.withSlot(of: pipeline.queue) {
            try await pipeline.workers.perform {
                let image = try await pipeline.decoder.decode(bytes)
                stages.end(.decode)
                let encoded = try image.encoded(as: format)
                stages.end(.encode)
                return encoded
            }
        }
    }
}

extension Request {
    /// Whether `If-None-Match` names the representation that would be sent.
    func matches(entityTag: String) -> Bool {
        guard method == .get || method == .head, let text = headers[.ifNoneMatch] else { return false }
        return text.split(separator: ",").contains { item in
            let tag = item.drop(while: \.isWhitespace)
            return tag == "*" || tag == entityTag || tag == "W/\(entityTag)"
        }
    }
}
