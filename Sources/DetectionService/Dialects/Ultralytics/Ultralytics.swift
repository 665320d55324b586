internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import ModelServing
internal import ObjectDetection
internal import YOLO

/// The calls of Ultralytics HUB's inference API and of YOLOv5's Flask example.
///
/// - SeeAlso: ultralytics/ultralytics, `docs/en/hub/inference-api.md`; ultralytics/yolov5, `utils/flask_rest_api/`.
struct Ultralytics: Dialect {
    static let name = "ultralytics"
    static let prefix: String? = nil

    let endpoints: [any Endpoint]

    init(service: DialectService) {
        endpoints = [
            UltralyticsPredict(service: service, isExample: false),
            UltralyticsPredict(service: service, isExample: true),
        ]
    }

    static let problemSchema = Schema.object([
        Field(name: "error", schema: .text(1...10_000), isRequired: true),
        Field(name: "message", schema: .text(1...10_000), isRequired: true),
        Field(name: "success", schema: .boolean, isRequired: true),
    ])

    static func write(_ problem: Problem, to json: inout JSONWriter) {
        json.object { json in
            json.key("error")
            json.string(problem.detail)
            json.key("message")
            json.string(problem.detail)
            json.key("success")
            json.bool(false)
        }
    }
}

/// `POST /v1/predict/{model}` of HUB, and `/v1/object-detection/{model}` of the Flask example: a form with a picture.
struct UltralyticsPredict: Endpoint {
    let service: DialectService
    /// Whether it is the call of the Flask example.
    let isExample: Bool
    let operation: Operation

    init(service: DialectService, isExample: Bool) {
        self.service = service
        self.isExample = isExample
        operation = Operation(
            id: isExample ? "ultralytics_example" : "ultralytics_predict",
            method: .post,
            path: isExample ? "/v1/object-detection/{model}" : "/v1/predict/{model}",
            tag: .ultralytics,
            summary: isExample
                ? "Detects objects in a picture, as YOLOv5's Flask example does."
                : "Detects objects in a picture, as Ultralytics HUB does.",
            details: isExample ? "" : "Instead of a picture, the form may have its address, `url`.",
            pathFields: [
                Field(name: "model", schema: .text(1...ModelFile.maximumNameLength), isRequired: true)
            ],
            body: [.form(isExample ? [] : Self.fields)],
            answers: [
                Operation.Answer(
                    summary: "The objects, best first.",
                    contents: [
                        isExample
                            ? .json(.array(of: UltralyticsRow.schema), example: .array([UltralyticsRow.exampleValue]))
                            : .json(UltralyticsAnswer.self)
                    ]
                )
            ],
            problems: [.notFound],
            dialect: Ultralytics.self
        )
    }

    private static let fields = [
        Field(name: "confidence", schema: .number(0...1).defaulting(to: 0.25)),
        Field(name: "iou", schema: .number(0...1).defaulting(to: 0.45)),
    ]

    func respond(to call: Call) async throws -> Response {
        try service.authentication.check(call.request)
        let detector = try service.models.detector(named: call.path.string("model"))
        return try await service.bodies.withForm(of: call, flow: detector.model.name) { form in
            var settings = DetectionSettings()
            if !isExample {
                settings.options.confidenceThreshold = max(0.001, try Self.ratio("confidence", of: form) ?? 0.25)
                settings.options.iouThreshold = try Self.ratio("iou", of: form) ?? 0.45
            }
            settings.options.masks = !isExample
            let request = DetectionRequest(detector, settings: settings)
            if let picture = form.file("image") { return try await detect(request, call: call, picture: picture) }
            guard !isExample, let url = form.text("url") else {
                throw Problem(.malformed, "The form has no picture; send one as the part image.")
            }
            return try await service.withPicture(at: url, for: call) { picture in
                try await detect(request, call: call, picture: picture)
            }
        }
    }

    private func detect(_ request: DetectionRequest, call: Call, picture: [UInt8]) async throws -> Response {
        let limit = service.bodies.budget.maximumBodyBytes
        let body = try await service.detection.detect(request, call: call) {
            picture
        } output: { report, _ in
            let labels = report.model.labels
            guard !isExample else {
                return try report.detections.map { UltralyticsRow($0, label: labels[$0.classID]) }.json(limit: limit)
            }
            let objects = report.detections.map { detection in
                UltralyticsObject(
                    detection,
                    label: labels[detection.classID],
                    width: report.width,
                    height: report.height
                )
            }
            return try UltralyticsAnswer(objects: objects).json(limit: limit)
        }
        return try service.detection.response(body, .json(drawn: nil))
    }

    private static func ratio(_ name: String, of form: Form) throws(Problem) -> Float? {
        guard let text = form.text(name) else { return nil }
        guard let value = Double(text), (0...1).contains(value) else {
            throw Problem(.malformed, "\(name) must be a number from 0 to 1.")
        }
        return Float(value)
    }
}

private struct UltralyticsAnswer: JSONObject {
    var objects: [UltralyticsObject]

    static let members: [JSONMember<UltralyticsAnswer>] = [
        JSONMember("data", "Best first.", \.objects),
        JSONMember("message") { _ in "Inference complete." },
        JSONMember("success") { _ in true },
    ]
    static let example = UltralyticsAnswer(objects: [.example])
}

/// One object of HUB's answer, relative to the picture's size.
private struct UltralyticsObject: JSONObject {
    var classID: Int
    var label: String
    var score: Double
    /// Centre, width and height.
    var box: [Double]
    /// x and y of the corners of the largest part of the mask alternating; nil without a mask.
    var segment: [Double]?

    init(_ detection: Detection, label: String, width: Int, height: Int) {
        classID = detection.classID
        self.label = label
        score = (Double(detection.score) * 1e5).rounded() / 1e5
        let (width, height) = (Double(width), Double(height))
        let box = detection.box
        self.box = [
            Double(box.minX + box.maxX) / 2 / width, Double(box.minY + box.maxY) / 2 / height,
            Double(box.width) / width, Double(box.height) / height,
        ].map(Self.rounded)
        guard let mask = detection.mask else { return }
        let largest = Polygon.largest(of: mask.polygons()) ?? []
        segment = largest.enumerated().map { Self.rounded($1 / ($0.isMultiple(of: 2) ? width : height)) }
    }

    private init() {
        classID = 23
        label = "giraffe"
        score = 0.91
        box = [0.7, 0.63, 0.46, 0.73]
    }

    private static func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }

    static let members: [JSONMember<UltralyticsObject>] = [
        JSONMember("class", \.classID),
        JSONMember("confidence", schema: .number(0...1), \.score),
        JSONMember("height") { $0.box[3] },
        JSONMember("name", \.label),
        JSONMember(optional: "segment", "x and y of corners alternating.", \.segment),
        JSONMember("width") { $0.box[2] },
        JSONMember("xcenter") { $0.box[0] },
        JSONMember("ycenter") { $0.box[1] },
    ]
    static let example = UltralyticsObject()
}

/// One object of the Flask example's answer, in pixels.
private struct UltralyticsRow: JSONObject {
    var detection: Detection
    var label: String

    init(_ detection: Detection, label: String) {
        self.detection = detection
        self.label = label
    }

    private static func rounded(_ value: Float) -> Double { (Double(value) * 1e5).rounded() / 1e5 }

    static let members: [JSONMember<UltralyticsRow>] = [
        JSONMember("class", \.detection.classID),
        JSONMember("confidence", schema: .number(0...1)) { rounded($0.detection.score) },
        JSONMember("name", \.label),
        JSONMember("xmax") { rounded($0.detection.box.maxX) },
        JSONMember("xmin") { rounded($0.detection.box.minX) },
        JSONMember("ymax") { rounded($0.detection.box.maxY) },
        JSONMember("ymin") { rounded($0.detection.box.minY) },
    ]
    static let example = UltralyticsRow(
        Detection(box: BoundingBox(minX: 299.4, minY: 126.6, maxX: 596.6, maxY: 479.3), score: 0.91, classID: 23),
        label: "giraffe"
    )
}
