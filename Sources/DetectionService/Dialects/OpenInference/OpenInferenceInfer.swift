internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import Scheduling
internal import YOLO

/// `POST /v2/models/{model}/infer`: runs a model on tensors.
struct OpenInferenceInfer: Endpoint {
    let models: InferenceModels
    let operation: Operation

    init(models: InferenceModels, isVersioned: Bool) {
        self.models = models
        operation = Operation(
            id: isVersioned ? "v2_infer_version" : "v2_infer",
            method: .post,
            path: isVersioned ? "/v2/models/{model}/versions/{version}/infer" : "/v2/models/{model}/infer",
            tag: .openInference,
            summary: "Runs a model on tensors.",
            details: """
                `NAME` takes and returns the tensors of the network as its file defines them. `NAME-detect` takes \
                pictures (`BYTES`, a file each, or `UINT8 [pictures, height, width, 3]` in RGB) and returns objects; its \
                parameters are `conf`, `iou` and `max_det`. `Inference-Header-Content-Length` is the length of the JSON \
                if bytes of tensors follow it, or 0 if the body is the only input.
                """,
            pathFields: [OpenInference.modelName] + (isVersioned ? [OpenInference.version] : []),
            body: [
                .json(
                    InferenceText.fields,
                    example: [
                        "inputs": [
                            [
                                "name": "images", "datatype": "BYTES", "shape": [1],
                                "data": [.string(Base64.examplePicture)],
                            ]
                        ]
                    ]
                )
            ],
            answers: [
                Operation.Answer(
                    summary: "The outputs.",
                    contents: [.json(.any), Operation.Content(mediaType: "application/octet-stream")],
                    headers: ["Inference-Header-Content-Length": "Length of the JSON, if bytes of tensors follow it."]
                )
            ],
            problems: [.notFound],
            dialect: OpenInference.self
        )
    }

    func respond(to call: Call) async throws -> Response {
        try models.service.authentication.check(call.request)
        let reference = try models.reference(
            call.path.string("model") ?? "",
            version: call.path.string("version")
        )
        let headerLength = try Self.headerLength(of: call.request)
        let input = headerLength == 0 ? try await Self.onlyInput(of: reference, models) : nil
        let bodies = models.service.bodies
        return try await bodies.withBytes(of: call, flow: reference.detector.model.name) { body in
            let text = try await bodies.workers.run {
                if let input { return InferenceText(body, for: input) }
                return try InferenceText(body, headerLength: headerLength, call: call)
            }
            call.context.stages.end(.parse)
            let context = InferenceContext(deadline: call.context.deadline, stages: call.context.stages)
            let limit = bodies.budget.maximumBodyBytes
            let answer = try await models.infer(text.request, with: reference, context: context) { outputs in
                try text.answer(outputs, model: reference.name, limit: limit)
            }
            var headers: HTTPFields = [.contentType: "application/json"]
            if let length = answer.headerLength {
                headers[.contentType] = "application/octet-stream"
                headers[.inferenceHeaderLength] = String(length)
            }
            return try Response(answer.body, headers: headers, budget: bodies.budget)
        }
    }

    private static func headerLength(of request: Request) throws(Problem) -> Int? {
        guard let text = request.headers[.inferenceHeaderLength] else { return nil }
        guard let length = Int(text), length >= 0 else {
            throw Problem(.malformed, "Inference-Header-Content-Length must be a number of bytes.")
        }
        return length
    }

    private static func onlyInput(
        of reference: InferenceModels.Reference,
        _ models: InferenceModels
    ) async throws -> InferenceModels.Port {
        let inputs = try await models.ports(of: reference).inputs
        guard inputs.count == 1 else {
            throw Problem(.invalid, "\(reference.name) has \(inputs.count) inputs, so the body cannot be the only one.")
        }
        return inputs[0]
    }
}

extension HTTPField.Name {
    fileprivate static let inferenceHeaderLength = named("Inference-Header-Content-Length")
}
