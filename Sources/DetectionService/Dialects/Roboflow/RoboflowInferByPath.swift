internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import JSONSchema
internal import ModelServing
internal import YOLO

/// `POST /{model}/{version}`: detects objects in the picture of a body, which is base64 text, bytes or a form's part.
struct RoboflowInferByPath: Endpoint {
    let service: DialectService
    let operation: Operation

    private enum Format: String, CaseIterable {
        case json
        case image
        case imageAndJSON = "image_and_json"
    }

    private static let format = Field(
        name: "format",
        schema: .oneOf(Format.allCases.map(\.rawValue)).nullable().defaulting(to: .string(Format.json.rawValue))
            .described("What to return: the objects, a JPEG with the objects drawn, or both.")
    )
    private static let address = Field(
        name: "image",
        schema: .text(1...4096).nullable().described("Address of the picture, instead of a body.")
    )
    private static let classes = RoboflowOptions.classes(named: "classes")

    init(service: DialectService) {
        self.service = service
        operation = Operation(
            id: "roboflow_infer",
            method: .post,
            path: "/{model}/{version}",
            tag: .roboflow,
            summary: "Detects objects in a picture, as older calls of Roboflow's server do.",
            details: "The body is the picture in base64, whatever its `Content-Type`, or its bytes, or a form's part.",
            pathFields: ["model", "version"].map { Field(name: $0, schema: .anyString, isRequired: true) },
            queryFields: [Roboflow.key, Self.classes, Self.format, Self.address]
                + RoboflowOptions.all(isPercentAllowed: true) + Fields.beyondDialects,
            body: [.picture, .form([])],
            answers: [
                Operation.Answer(
                    summary: "The objects, best first.",
                    contents: [.json(RoboflowAnswer.self), Operation.Content(mediaType: ImageFormat.jpeg.mediaType)]
                )
            ],
            problems: [.notFound],
            dialect: Roboflow.self
        )
    }

    func respond(to call: Call) async throws -> Response {
        // Other addresses of two parts are none of the service's.
        guard Int(call.path.string("version") ?? "") != nil else { throw HTTPError(.notFound) }
        try service.authentication.check(call.request, key: call.query.string(Roboflow.key.name))
        let detector = try service.models.detector(named: call.path.string("model"))
        let settings = RoboflowOptions.settings(
            call.query,
            classes: Self.classes.name,
            for: detector.model,
            base: try await service.settings(call.query, for: detector.model, at: "query"),
            withMasks: detector.model.task == .segment,
            isPercentAllowed: true
        )
        let format = call.query.string(Self.format.name).flatMap(Format.init) ?? .json
        var request = DetectionRequest(detector, settings: settings)
        if format != .json { request = request.drawing(as: .jpeg) }
        return try await withPicture(of: call, flow: detector.model.name) { [request] picture in
            let body = try await service.detection.detect(request, call: call, read: picture) { report, seconds in
                if format == .image, let drawn = report.drawn { return drawn.bytes }
                return try RoboflowAnswer(report, seconds: seconds, masks: settings.masks)
                    .json(limit: service.bodies.budget.maximumBodyBytes + (report.drawn?.bytes.count ?? 0) * 4 / 3)
            }
            return try service.detection.response(body, format == .image ? .drawn(.jpeg) : .json(drawn: nil))
        }
    }

    private func withPicture(
        of call: Call,
        flow: String,
        _ use: (@escaping @Sendable () throws -> [UInt8]) async throws -> Response
    ) async throws -> Response {
        if let url = call.query.string(Self.address.name) {
            return try await service.withPicture(at: url, for: call) { picture in try await use { picture } }
        }
        if call.contentType?.essence == "multipart/form-data" {
            return try await service.bodies.withForm(of: call, flow: flow) { form in
                guard let picture = form.file("file") else {
                    throw Problem(.malformed, "The form has no picture; send one as the part file.")
                }
                return try await use { picture }
            }
        }
        return try await service.bodies.withBytes(of: call, flow: flow) { body in
            try await use {
                guard ImageFormat.sniff(body.span.bytes) == nil else { return body }
                return try Base64.picture(String(decoding: body, as: UTF8.self), at: ["body"])
            }
        }
    }
}
