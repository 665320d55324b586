internal import HTTPTypes
internal import Imaging
internal import Storage

extension ServiceComponents {
    var getImage: Operation {
        Operation(
            id: "get_image",
            method: .get,
            path: "/get_image/{image_id}",
            tag: .pictures,
            summary: "Gives a picture.",
            details: "Its own bytes, unless `Accept` asks for another format or for JSON.",
            pathFields: [Fields.pathImageID],
            queryFields: [
                Field(
                    name: "variant",
                    schema: .oneOf(["original", "processed"]).defaulting(to: "original")
                        .described("The picture as it came, or as POST /process_image made it.")
                )
            ],
            answers: [
                Operation.Answer(
                    summary: "The picture.",
                    contents: ImageFormat.allCases.map { Operation.Content(mediaType: $0.mediaType) }
                        + [.json(PictureBody.schema, example: PictureBody.example)],
                    headers: ["ETag": "Changes when the picture does."]
                ),
                Operation.Answer(status: .notModified, summary: "The picture that `If-None-Match` names is current."),
            ],
            problems: [
                .notFound, .notProcessed, .notAcceptable, .unsupportedMediaType, .tooLarge, .busy, .storeUnavailable,
            ]
        ) { call in
            let id = try call.path.imageID()
            let wantsProcessed = call.query.string("variant") == "processed"
            let picture = try await work {
                try wantsProcessed ? pictures.processed(id) : pictures.original(id)
            }
            return try await answer(call, with: picture, links: PictureBody.links(of: id, isProcessed: wantsProcessed))
        }
    }
}
