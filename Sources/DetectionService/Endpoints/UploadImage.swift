internal import DecodeWorkers
internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import Scheduling
internal import Storage

/// `POST /images`: stores a picture.
struct UploadImage: Endpoint {
    let pictures: PictureLibrary
    let pipeline: DetectionPipeline
    let bodies: RequestBodies

    let operation = Operation(
        id: "upload_image",
        method: .post,
        path: "/images",
        tag: .pictures,
        summary: "Stores a picture.",
        details: """
            The body is the picture's bytes, or `multipart/form-data` with one picture. The id is derived from the \
            bytes, so the same picture always gets the same id.
            """,
        body: [.picture, .multipart(isSingle: true)],
        answers: [
            Operation.Answer(status: .created, summary: "The picture is stored.", contents: [.json(PictureBody.self)]),
            Operation.Answer(
                status: .ok,
                summary: "The picture was stored before.",
                contents: [.json(PictureBody.self)]
            ),
        ],
        problems: [.notAcceptable, .storeFull, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        _ = try call.negotiated(from: ["application/json"])
        guard let contentType = call.contentType, contentType.essence == "multipart/form-data" else {
            return try await bodies.withBytes(of: call, flow: "") { try await store($0, call: call) }
        }
        return try await bodies.withParts(of: call, flow: "", contentType: contentType) { parts in
            guard parts.count == 1 else {
                throw Problem(.malformed, "The body has \(parts.count) parts; send one picture at a time.")
            }
            return try await store(parts[0], call: call)
        }
    }

    private func store(_ bytes: [UInt8], call: Call) async throws -> Response {
        let stages = call.context.stages
        let (metadata, isNew) = try await call.withSlot(of: pipeline.queue) {
            let picture = try await pipeline.workers.perform {
                // Decoded completely: a stored picture must be usable later.
                let image = try await pipeline.decoder.decode(bytes)
                stages.end(.decode)
                let format = ImageFormat.sniff(bytes.span.bytes)?.name ?? ""
                return StoredImage(bytes: bytes, format: format, width: image.width, height: image.height)
            }
            let isNew = try await pipeline.workers.run { try pictures.store.store(upload: picture) }
            stages.end(.store)
            return (picture.metadata, isNew)
        }
        var response = try Response.json(
            PictureBody(metadata, links: PictureLinks(of: metadata.id)),
            status: isNew ? .created : .ok
        )
        response.headers[.location] = "/get_image/\(metadata.id)"
        return response
    }
}
