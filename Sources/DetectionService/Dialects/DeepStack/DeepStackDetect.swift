internal import Basics
internal import DetectionPipeline
internal import Hummingbird
internal import JSONSchema
internal import ModelServing
internal import ObjectDetection
internal import YOLO

/// `POST /v1/vision/detection` and `/v1/vision/custom/{model}`: detects objects in the picture of a form.
struct DeepStackDetect: Endpoint {
    let service: DialectService
    let operation: Operation

    /// Score above which DeepStack returns objects unless a request says otherwise.
    private static let usualConfidence = 0.4
    /// Name that CodeProject.AI's clients use for the default model.
    private static let defaultModel = "general"

    /// Maximum number of objects, because some clients fail at more than they expect.
    private static let maximum = DetectionFields.maxDetections

    init(service: DialectService, takesModel: Bool) {
        self.service = service
        operation = Operation(
            id: takesModel ? "deepstack_custom" : "deepstack_detection",
            method: .post,
            path: takesModel ? "/v1/vision/custom/{model}" : "/v1/vision/detection",
            tag: .deepstack,
            summary: "Detects objects in a picture, as DeepStack and CodeProject.AI do.",
            details: """
                An API key may also be the field `api_key`. `max_detections` may be added to the address for clients \
                that expect fewer objects, and so may the options below.
                """,
            pathFields: takesModel
                ? [Field(name: "model", schema: .text(1...ModelFile.maximumNameLength), isRequired: true)] : [],
            queryFields: [Self.maximum] + Fields.beyondDialects,
            body: [
                .form([
                    Field(name: "min_confidence", schema: .number(0...1).defaulting(to: .number(Self.usualConfidence)))
                ])
            ],
            answers: [
                Operation.Answer(summary: "The objects, best first.", contents: [.json(DeepStackObjects.self)])
            ],
            problems: [.notFound],
            dialect: DeepStack.self
        )
    }

    func respond(to call: Call) async throws -> Response {
        let name = call.path.string("model")
        let named = name == Self.defaultModel && !service.models.hasModel(named: Self.defaultModel) ? nil : name
        let flow = service.models.hasModel(named: named ?? "") ? named : service.models.defaultName
        return try await service.bodies.withForm(of: call, flow: flow) { form in
            try service.authentication.check(call.request, key: form.text("api_key"))
            let detector = try service.models.detector(named: named)
            guard let picture = form.file("image") else { throw Problem(.malformed, "No valid image file found") }
            var settings = try await service.settings(call.query, for: detector.model, at: "query")
            settings.options.confidenceThreshold = try Self.confidence(form.text("min_confidence"))
            if let maximum = call.query.integer(Self.maximum.name) { settings.options.maximumDetections = maximum }
            settings.options.masks = false
            let body = try await service.detection.detect(DetectionRequest(detector, settings: settings), call: call) {
                picture
            } output: { report, seconds in
                try DeepStackObjects(report, seconds: seconds, requestID: call.context.requestID).json()
            }
            return .json(body)
        }
    }

    private static func confidence(_ text: String?) throws -> Float {
        guard let text else { return Float(usualConfidence) }
        // Not `Float`, in which a tiny negative number would be 0.
        guard let value = Double(text), value.isFinite, value >= 0 else {
            throw Problem(.malformed, "Invalid value for min_confidence")
        }
        guard value <= 1 else { throw Problem(.malformed, "min_confidence cannot be greater than 1") }
        // All boxes of a network would take seconds.
        return max(0.001, Float(value))
    }
}

/// The objects of a picture, in the union of DeepStack's and CodeProject.AI's forms.
struct DeepStackObjects: JSONObject {
    struct Item: JSONObject {
        var label: String
        var confidence: Double
        var box: BoundingBox
        /// Names of its zones; nil if none were given.
        var zones: [String]?

        static let members: [JSONMember<Item>] = [
            JSONMember("confidence", \.confidence),
            JSONMember("label", \.label),
            JSONMember("x_max") { Int($0.box.maxX.rounded()) },
            JSONMember("x_min") { Int($0.box.minX.rounded()) },
            JSONMember("y_max") { Int($0.box.maxY.rounded()) },
            JSONMember("y_min") { Int($0.box.minY.rounded()) },
            JSONMember(optional: "zones", \.zones),
        ]
        static let example = Item(
            label: "giraffe",
            confidence: 0.91,
            box: BoundingBox(minX: 299.4, minY: 126.6, maxX: 596.6, maxY: 479.3)
        )
    }

    var items: [Item]
    /// Seconds, waiting included.
    var seconds: Double
    var device: String
    var requestID: String

    init(_ report: DetectionReport, seconds: Double, requestID: String) {
        items = report.detections.enumerated().map { index, detection in
            Item(
                label: report.model.labels[detection.classID],
                confidence: (Double(detection.score) * 1e5).rounded() / 1e5,
                box: detection.box,
                zones: report.zones?[index]
            )
        }
        self.seconds = seconds
        device = report.model.device
        self.requestID = requestID
    }

    private init(items: [Item], seconds: Double, device: String, requestID: String) {
        self.items = items
        self.seconds = seconds
        self.device = device
        self.requestID = requestID
    }

    /// The first labels, as CodeProject.AI words them.
    private var message: String {
        guard !items.isEmpty else { return "No objects found" }
        return "Found \(items.prefix(3).map(\.label).joined(separator: ", "))\(items.count > 3 ? "..." : "")"
    }

    private var milliseconds: Int { Int((seconds * 1000).rounded()) }

    static let members: [JSONMember<DeepStackObjects>] = [
        JSONMember("analysisRoundTripMs", "In milliseconds, waiting included.", \.milliseconds),
        JSONMember("canUseGPU") { !$0.device.hasPrefix("CPU") },
        JSONMember("code") { _ in 200 },
        JSONMember("command") { _ in "detect" },
        JSONMember("count", \.items.count),
        JSONMember("duration", "In seconds, waiting included.") { ($0.seconds * 1e6).rounded() / 1e6 },
        JSONMember("executionProvider") { _ in "OpenVINO" },
        JSONMember("inferenceDevice", \.device),
        JSONMember("inferenceMs", \.milliseconds),
        JSONMember("message", \.message),
        JSONMember("moduleId") { _ in "ObjectDetection" },
        JSONMember("moduleName") { _ in "Osprey" },
        JSONMember("predictions", "Best first, in whole pixels of the picture.", \.items),
        JSONMember("processMs", \.milliseconds),
        JSONMember("processedBy") { _ in HostName.current },
        JSONMember("requestId", \.requestID),
        JSONMember("success") { _ in true },
        JSONMember("timestampUTC") { _ in DeepStackServer.timestamp() },
    ]

    static let example = DeepStackObjects(
        items: [.example],
        seconds: 0.061,
        device: "CPU",
        requestID: "5f0d4a1e-8d0c-4c27-9d57-6a4e4d4f7f10"
    )
}
