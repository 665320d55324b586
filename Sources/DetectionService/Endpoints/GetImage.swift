internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import JSONSchema
internal import Scheduling
internal import Storage

/// `GET /get_image/{image_id}`: a picture.
struct GetImage: Endpoint {
    let pictures: PictureLibrary
    let workers: WorkerPool
    let responder: PictureResponder

    let operation = Operation(
        id: "get_image",
        method: .get,
        path: "/get_image/{image_id}",
        tag: .pictures,
        summary: "Returns a picture.",
        details: "Its original bytes, unless `Accept` asks for another format or for JSON.",
        pathFields: [Fields.pathImageID],
        queryFields: [
            Field(
                name: "variant",
                schema: .oneOf(["original", "processed"]).defaulting(to: "original")
                    .described("The original picture, or the version that POST /process_image made.")
            )
        ],
        answers: [
            Operation.Answer(
                summary: "The picture.",
                contents: ImageFormat.allCases.map { Operation.Content(mediaType: $0.mediaType) }
                    + [.json(PictureBody.self)],
                headers: ["ETag": "Changes when the picture does."]
            ),
            Operation.Answer(status: .notModified, summary: "The picture that `If-None-Match` names is current."),
        ],
        problems: [
            .notFound, .notProcessed, .notAcceptable, .unsupportedMediaType, .tooLarge, .busy, .storeUnavailable,
        ]
    )

    func respond(to call: Call) async throws -> Response {
        let id = try call.path.imageID()
        let wantsProcessed = call.query.string("variant") == "processed"
        let picture = try await workers.perform {
            try await wantsProcessed ? pictures.processed(id) : pictures.original(id, responder.pipeline.decoder)
        }
        let links = PictureLinks(of: id, isProcessed: wantsProcessed)
        return try await responder.respond(to: call, with: picture, links: links)
    }
}
