internal import HTTPTypes
internal import Imaging
internal import Storage

extension ServiceComponents {
    var predict: Operation {
        Operation(
            id: "predict",
            method: .post,
            path: "/predict",
            tag: .detection,
            summary: "Finds the objects in a processed picture.",
            details: "The picture must have been processed before: POST /process_image makes the version looked at.",
            body: [
                .json(
                    [Fields.imageID] + Fields.detection + [Fields.drawnImage(default: "png")],
                    example: ["image_id": "000000000144", "confidence": 0.25, "image": "none"]
                )
            ],
            answers: [
                Operation.Answer(
                    summary: "The detections, best first, or the picture with them drawn on it.",
                    contents: [.json(DetectionBody.schema, example: DetectionBody.example)] + Operation.Content.pictures
                )
            ],
            problems: [.notFound, .notProcessed, .notAcceptable, .storeUnavailable]
        ) { call in
            try await withJSON(of: call) { values in
                let id = try values.imageID()
                let wanted = try detectionRequest(call, values: values, at: "body", drawn: "png")
                let bytes = try await detect(wanted, call: call, imageID: id.description) {
                    try pictures.processed(id).bytes
                }
                return try answer(bytes, wanted.form)
            }
        }
    }
}
