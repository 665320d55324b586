internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import JSONSchema
internal import ModelServing
internal import YOLO

/// `POST /infer/object_detection` and `/infer/instance_segmentation`: detects objects in one or several pictures.
struct RoboflowInfer: Endpoint {
    let service: DialectService
    let task: ModelDescription.Task
    let operation: Operation

    init(service: DialectService, task: ModelDescription.Task) {
        self.service = service
        self.task = task
        operation = Operation(
            id: task == .detect ? "roboflow_object_detection" : "roboflow_instance_segmentation",
            method: .post,
            path: task == .detect ? "/infer/object_detection" : "/infer/instance_segmentation",
            tag: .roboflow,
            summary:
                "Detects objects\(task == .detect ? "" : " and their masks") in pictures, as Roboflow's server does.",
            details: "An API key may also be `api_key` in the body. A list of pictures returns a list.",
            body: [
                .json(
                    [Roboflow.key, Roboflow.modelID, Self.image, Self.classFilter, Self.visualize]
                        + RoboflowOptions.all(isPercentAllowed: false) + Fields.beyondDialects,
                    example: [
                        "model_id": "yolov5s",
                        "image": ["type": "base64", "value": .string(Base64.examplePicture)],
                    ]
                )
            ],
            answers: [
                Operation.Answer(
                    summary: "The objects, best first.",
                    contents: [
                        .json(
                            .anyOf([RoboflowAnswer.schema, .array(of: RoboflowAnswer.schema)]),
                            example: RoboflowAnswer.exampleValue
                        )
                    ]
                )
            ],
            problems: [.notFound],
            dialect: Roboflow.self
        )
    }

    func respond(to call: Call) async throws -> Response {
        // Which model it is stands in the body.
        try await service.bodies.withJSON(of: call, flow: service.models.defaultName) { values in
            try service.authentication.check(call.request, key: values.string(Roboflow.key.name))
            let detector = try service.models.detector(
                named: Roboflow.modelName(ofID: values.string(Roboflow.modelID.name) ?? "")
            )
            if task == .segment { try Self.checkMasks(detector.model) }
            let settings = RoboflowOptions.settings(
                values,
                classes: Self.classFilter.name,
                for: detector.model,
                base: try await service.settings(values, for: detector.model, at: "body"),
                withMasks: task == .segment,
                isPercentAllowed: false
            )
            var request = DetectionRequest(detector, settings: settings)
            if values.bool(Self.visualize.name) == true { request = request.drawing(as: .jpeg) }
            let body =
                if let list = values.array(Self.image.name) {
                    try await infer(request, inEach: list, call: call)
                } else {
                    try await infer(request, in: values.object(Self.image.name), call: call)
                }
            return try service.detection.response(body, .json(drawn: nil))
        }
    }

    private static func checkMasks(_ model: ModelDescription) throws {
        guard model.task != .segment else { return }
        throw Problem(.invalid, "\(model.name) finds no masks; send the picture to /infer/object_detection.")
    }

    private func infer(_ request: DetectionRequest, inEach list: [JSONValue], call: Call) async throws -> [UInt8] {
        let images = list.compactMap { value -> Values? in
            if case .object(let members) = value { Values(members) } else { nil }
        }
        return try await service.detection.list(images.count, advice: "send fewer pictures") { index in
            try await infer(request, in: images[index], call: call)
        }
    }

    private func infer(_ request: DetectionRequest, in image: Values?, call: Call) async throws -> [UInt8] {
        let text = image?.string("value") ?? ""
        guard image?.string("type") == "url" else {
            return try await infer(request, call: call) { try Base64.picture(text, at: ["body", "image", "value"]) }
        }
        return try await service.withPicture(at: text, for: call) { picture in
            try await infer(request, call: call) { picture }
        }
    }

    private func infer(
        _ request: DetectionRequest,
        call: Call,
        picture: @escaping @Sendable () throws -> [UInt8]
    ) async throws -> [UInt8] {
        try await service.detection.detect(request, call: call, read: picture) { report, seconds in
            try RoboflowAnswer(report, seconds: seconds, masks: request.settings.masks)
                .json(limit: service.bodies.budget.maximumBodyBytes)
        }
    }

    private static let image = Field(
        name: "image",
        schema: .anyOf([picture, .array(of: picture, count: 1...Fields.maximumPictures)]).described(
            "A picture, or a list."
        ),
        isRequired: true
    )
    private static let picture = Schema.object([
        Field(name: "type", schema: .oneOf(["base64", "url"]), isRequired: true),
        Field(name: "value", schema: Base64.schema, isRequired: true),
    ])
    private static let classFilter = RoboflowOptions.classes(named: "class_filter")
    private static let visualize = Field(
        name: "visualize_predictions",
        schema: .boolean.nullable().defaulting(to: false)
            .described("Whether to add a JPEG of the picture with the objects drawn.")
    )
}
