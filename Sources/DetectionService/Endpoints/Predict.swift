internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import Storage

/// `POST /predict`: detections in a processed picture.
struct Predict: Endpoint {
    let pictures: PictureLibrary
    let bodies: RequestBodies
    let detection: DetectionResponder

    let operation = Operation(
        id: "predict",
        method: .post,
        path: "/predict",
        tag: .detection,
        summary: "Detects the objects in a processed picture.",
        details: "Process the picture first with POST /process_image; its result is used here.",
        body: [
            .json(
                [Fields.imageID] + Fields.detection + [Fields.drawnImage(default: "png")],
                example: ["image_id": "000000000144", "confidence": 0.25, "image": "none"]
            )
        ],
        answers: [
            Operation.Answer(
                summary: "The detections, best first, or the drawn picture.",
                contents: [.json(DetectionBody.self)] + Operation.Content.pictures
            )
        ],
        problems: [.notFound, .notProcessed, .notAcceptable, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        try await bodies.withJSON(of: call) { values in
            let id = try values.imageID()
            let query = try await detection.query(call, values: values, at: "body", drawn: "png")
            let body = try await detection.body(query, call: call, imageID: id.description) {
                try pictures.processed(id).bytes
            }
            return try detection.response(body, query.form)
        }
    }
}
