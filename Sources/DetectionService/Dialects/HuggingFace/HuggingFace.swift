internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import JSONSchema
internal import ModelServing
internal import ObjectDetection
internal import Scheduling
internal import YOLO

/// Hugging Face's object detection task, as its clients call it.
///
/// - SeeAlso: huggingface/huggingface_hub, `inference/_generated/types/object_detection.py`.
struct HuggingFace: Dialect {
    static let name = "hugging-face"
    static let prefix: String? = nil

    let endpoints: [any Endpoint]

    init(service: DialectService) {
        endpoints = [HuggingFaceDetect(service: service)]
    }

    static let problemSchema = Schema.object([Field(name: "error", schema: .text(1...10_000), isRequired: true)])

    static func write(_ problem: Problem, to json: inout JSONWriter) {
        json.object { json in
            json.key("error")
            json.string(problem.detail)
        }
    }
}

/// `POST /models/{model}`: a picture's bytes, or JSON with the picture in base64.
struct HuggingFaceDetect: Endpoint {
    let service: DialectService

    private static let inputs = Field(
        name: "inputs",
        schema: Base64.schema.described("A picture in base64."),
        isRequired: true
    )
    private static let threshold = Field(
        name: "threshold",
        schema: .number(0...1).nullable().defaulting(to: 0.5).described("Score that a detection must exceed.")
    )

    let operation = Operation(
        id: "hugging_face_object_detection",
        method: .post,
        path: "/models/{model}",
        tag: .huggingFace,
        summary: "Detects objects in a picture, as Hugging Face's inference API does.",
        details: "The body is the picture's bytes, or JSON with `parameters.threshold`.",
        pathFields: [Field(name: "model", schema: .text(1...ModelFile.maximumNameLength), isRequired: true)],
        body: [
            .picture,
            .json(
                [
                    Self.inputs,
                    Field(name: "parameters", schema: .any.described("`threshold`, from 0 to 1; 0.5 without it.")),
                ],
                example: ["inputs": .string(Base64.examplePicture), "parameters": ["threshold": 0.5]]
            ),
        ],
        answers: [
            Operation.Answer(
                summary: "The objects, best first.",
                contents: [
                    .json(
                        .array(of: HuggingFaceObject.schema),
                        example: .array([HuggingFaceObject.exampleValue])
                    )
                ]
            )
        ],
        problems: [.notFound],
        dialect: HuggingFace.self
    )

    func respond(to call: Call) async throws -> Response {
        try service.authentication.check(call.request)
        let detector = try service.models.detector(named: call.path.string("model"))
        return try await service.bodies.withBytes(of: call, flow: detector.model.name) { body in
            var threshold: Float = 0.5
            var picture: @Sendable () throws -> [UInt8] = { body }
            // Clients state the type of neither.
            if body.first == UInt8(ascii: "{") {
                let values = try await service.bodies.workers.run { try call.json(body) }
                if let value = values.object("parameters")?.number(Self.threshold.name) {
                    var errors = ValidationErrors()
                    Self.threshold.schema.validate(
                        .number(value),
                        at: ["parameters", Self.threshold.name],
                        into: &errors
                    )
                    try errors.check()
                    threshold = Float(value)
                }
                let text = values.string(Self.inputs.name) ?? ""
                picture = { try Base64.picture(text, at: [Self.inputs.name]) }
            }
            var settings = DetectionSettings()
            settings.options.confidenceThreshold = max(0.001, threshold)
            settings.options.masks = false
            let answer = try await service.detection.detect(
                DetectionRequest(detector, settings: settings),
                call: call,
                read: picture
            ) { report, _ in
                try report.detections.map { HuggingFaceObject($0, label: report.model.labels[$0.classID]) }.json()
            }
            return .json(answer)
        }
    }
}

private struct HuggingFaceObject: JSONObject {
    struct Box: JSONObject {
        var box: BoundingBox

        static let members: [JSONMember<Box>] = [
            JSONMember("xmax") { Int($0.box.maxX.rounded()) },
            JSONMember("xmin") { Int($0.box.minX.rounded()) },
            JSONMember("ymax") { Int($0.box.maxY.rounded()) },
            JSONMember("ymin") { Int($0.box.minY.rounded()) },
        ]
        static let example = Box(box: BoundingBox(minX: 299.4, minY: 126.6, maxX: 596.6, maxY: 479.3))
    }

    var label: String
    var score: Double
    var box: Box

    init(_ detection: Detection, label: String) {
        self.label = label
        score = (Double(detection.score) * 1e5).rounded() / 1e5
        box = Box(box: detection.box)
    }

    static let members: [JSONMember<HuggingFaceObject>] = [
        JSONMember("box", "In whole pixels.", \.box),
        JSONMember("label", \.label),
        JSONMember("score", schema: .number(0...1), \.score),
    ]
    static let example = HuggingFaceObject(Detection(box: Box.example.box, score: 0.91, classID: 23), label: "giraffe")
}
