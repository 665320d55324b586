internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import NIOCore
internal import Storage

extension ServiceComponents {
    /// Answers with a picture: its own bytes, another format, or what is known of it, by `Accept`.
    func answer(
        _ call: Call,
        with picture: StoredImage,
        links: [String: String]
    ) async throws -> Response {
        let own = ImageFormat(name: picture.metadata.format)
        let choice = try call.negotiated(from: pictureForms(first: own))
        let target = ImageFormat.allCases.first { $0.mediaType == choice }
        let tag = "\"\(picture.metadata.sha256)\(target == own ? "" : "-\(target?.name ?? "json")")\""
        var headers: HTTPFields = [.eTag: tag, .vary: "Accept", .cacheControl: "no-cache"]
        if call.request.matches(entityTag: tag) { return Response(status: .notModified, headers: headers) }

        headers[.contentType] = choice
        let bytes: [UInt8]
        switch target {
        case .none: bytes = try encodeJSON(PictureBody(picture.metadata, links: links))
        case own: bytes = picture.bytes
        case .some(let format): bytes = try await transcode(picture.bytes, to: format, call: call)
        }
        return try answer(bytes, headers: headers)
    }

    /// The media types that a picture is offered in, its own format first.
    func pictureForms(first own: ImageFormat?) -> [String] {
        ([own].compactMap(\.self) + ImageFormat.encodable).map(\.mediaType) + ["application/json"]
    }

    /// Bytes that a client may leave lying on its connection without being counted.
    private static let smallAnswerBytes = 256 << 10

    /// Answers with bytes that count against the service's budget until the client has taken them.
    func answer(_ bytes: [UInt8], headers: HTTPFields) throws -> Response {
        let buffer = ByteBuffer(bytes: bytes)
        guard bytes.count > Self.smallAnswerBytes else {
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: buffer))
        }
        // An answer may be larger than any body, and must be given all the same.
        let count = min(bytes.count, settings.maximumBodyBytes)
        guard memoryBudget.take(count) else { throw outOfMemory }
        let share = ByteBudget.Share(of: memoryBudget, count: count)
        let body = ResponseBody(contentLength: bytes.count) { writer in
            try await writer.write(buffer)
            try await writer.finish(nil)
            withExtendedLifetime(share) {}
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    private func transcode(_ bytes: [UInt8], to format: ImageFormat, call: Call) async throws -> [UInt8] {
        let stages = call.context.stages
        return try await withSlot(call.context) {
            try await work {
                let image = try decode(bytes)
                stages.end(.decode)
                let encoded = try image.encoded(as: format)
                stages.end(.encode)
                return encoded
            }
        }
    }

    /// Decodes a picture within the service's limits; blocks, so call it on a worker thread.
    func decode(_ bytes: [UInt8]) throws -> RGBImage {
        try RGBImage.decode(bytes.span.bytes, limits: limits)
    }

    /// Decodes a picture in no more pixels than a network of the given input side can use; blocks likewise.
    func decode(_ bytes: [UInt8], forSide side: Int) throws -> ReducedImage {
        try ReducedImage.decode(bytes.span.bytes, limits: limits, forSide: side)
    }

    var limits: ImageLimits {
        ImageLimits(maximumBytes: settings.maximumBodyBytes, maximumPixels: settings.maximumPixels)
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
