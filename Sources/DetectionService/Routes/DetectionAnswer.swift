internal import CoreMetrics
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import NIOCore
internal import ObjectDetection
internal import YOLO

/// What a client wants to know of a picture.
struct DetectionRequest: Sendable {
    /// How the answer is to look.
    enum Form: Sendable {
        case json(drawn: ImageFormat?)
        case drawn(ImageFormat)

        /// The format to draw the detections in, if they are to be drawn.
        var drawnFormat: ImageFormat? {
            switch self {
            case .json(let format): format
            case .drawn(let format): format
            }
        }
    }

    var detector: any ObjectDetector
    var options: DetectionOptions
    var form: Form
}

extension ServiceComponents {
    /// Reads the options of a detection from a body or a query.
    func detectionRequest(_ call: Call, values: Values, at location: String, drawn: String) throws -> DetectionRequest {
        let detector = try models.detector(named: values.string("model"))
        let options = try values.detectionOptions(for: detector.model, at: location)
        let choice = try call.negotiated(from: ["application/json"] + ImageFormat.encodable.map(\.mediaType))
        let form: DetectionRequest.Form =
            if let format = ImageFormat.encodable.first(where: { $0.mediaType == choice }) {
                .drawn(format)
            } else {
                .json(drawn: ImageFormat(name: values.string("image") ?? drawn))
            }
        return DetectionRequest(detector: detector, options: options, form: form)
    }

    /// Detects objects in one picture, inside a slot of the queue.
    ///
    /// - Parameters:
    ///   - wanted: How to detect and how to answer.
    ///   - call: The request that it is for.
    ///   - imageID: The picture's id, if it has one.
    ///   - read: Gives the picture's bytes; runs on a worker thread.
    /// - Returns: What was found.
    /// - Throws: `ImageError` for a picture that cannot be read, ``Problem`` where there is none or the queue is full.
    func detect(
        _ wanted: DetectionRequest,
        call: Call,
        imageID: String?,
        read: @escaping @Sendable () throws -> [UInt8]
    ) async throws -> DetectionOutcome {
        let stages = call.context.stages
        let start = ContinuousClock.now
        return try await withSlot(stages) {
            let image = try await work {
                let bytes = try read()
                return try stages.time(.decode) { try decode(bytes) }
            }
            try Task.checkCancellation()
            let result = try await wanted.detector.detect(in: image, options: wanted.options)
            stages.add(result.letterbox, to: .letterbox)
            stages.add(result.inference, to: .infer)
            stages.add(result.postprocessing, to: .postprocess)
            count(result.detections, of: wanted.detector.model)

            var drawn = (bytes: [UInt8](), base64: String?.none)
            if let format = wanted.form.drawnFormat {
                drawn = try await work { try draw(result.detections, on: image, as: format, wanted, stages: stages) }
            }
            return DetectionOutcome(
                body: DetectionBody(
                    requestID: call.context.requestID,
                    computeTime: (ContinuousClock.now - start) / .seconds(1),
                    model: wanted.detector.model,
                    imageID: imageID,
                    image: image,
                    drawn: drawn.base64,
                    detections: result.detections
                ),
                drawn: drawn.bytes
            )
        }
    }

    /// The picture with the detections drawn on it, in the form that is wanted.
    private func draw(
        _ detections: [Detection],
        on image: RGBImage,
        as format: ImageFormat,
        _ wanted: DetectionRequest,
        stages: StageClock
    ) throws -> (bytes: [UInt8], base64: String?) {
        let picture = try stages.time(.draw) {
            try DetectionPainter(labels: wanted.detector.model.labels).draw(detections, on: image)
        }
        return try stages.time(.encode) {
            let bytes = try picture.encoded(as: format)
            if case .drawn = wanted.form { return (bytes, nil) }
            return ([], Data(bytes).base64EncodedString())
        }
    }

    /// Writes an answer in JSON on a worker thread, as one with pictures in it takes a while.
    func respond(_ body: some Encodable & Sendable) async throws -> Response {
        try await work { try .json(body) }
    }

    func respond(_ outcome: DetectionOutcome, _ form: DetectionRequest.Form) async throws -> Response {
        switch form {
        case .json: try await respond(outcome.body)
        case .drawn(let format):
            Response(
                status: .ok,
                headers: [.contentType: format.mediaType, .vary: "Accept"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: outcome.drawn))
            )
        }
    }

    private func count(_ detections: [Detection], of model: ModelDescription) {
        let labels = [("model", model.name)]
        metrics.makeCounter(label: ServiceMetrics.pictures, dimensions: labels).increment(by: 1)
        metrics.makeCounter(label: ServiceMetrics.detections, dimensions: labels)
            .increment(by: Int64(detections.count))
    }
}

/// What was found in one picture.
struct DetectionOutcome: Sendable {
    var body: DetectionBody
    /// The picture with the detections drawn on it, where it is the answer itself; else empty.
    var drawn: [UInt8]
}

/// The detections of a picture, as JSON.
struct DetectionBody: Encodable, Sendable {
    struct Item: Encodable, Sendable {
        struct Box: Encodable, Sendable {
            /// Top left corner, in pixels.
            var origin: [Double]
            /// Width and height in pixels.
            var size: [Double]
        }

        enum CodingKeys: String, CodingKey {
            case label = "class"
            case classID = "class_id"
            case score
            case box = "bbox"
        }

        var label: String
        var classID: Int
        var score: Double
        var box: Box
    }

    enum CodingKeys: String, CodingKey {
        case requestID = "request_id"
        case computeTime = "compute_time"
        case model
        case imageID = "image_id"
        case width
        case height
        case image
        case payload
    }

    var requestID: String
    var computeTime: Double
    var model: String
    var imageID: String?
    var width: Int
    var height: Int
    var image: String?
    var payload: [Item]

    init(
        requestID: String,
        computeTime: Double,
        model: ModelDescription,
        imageID: String?,
        image: RGBImage,
        drawn: String?,
        detections: [Detection]
    ) {
        self.requestID = requestID
        self.computeTime = Self.rounded(computeTime, digits: 1e6)
        self.model = model.name
        self.imageID = imageID
        width = image.width
        height = image.height
        self.image = drawn
        payload = detections.map { detection in
            Item(
                label: model.labels[detection.classID],
                classID: detection.classID,
                score: Self.rounded(Double(detection.score), digits: 1e5),
                box: Item.Box(
                    origin: [detection.box.minX, detection.box.minY].map { Self.rounded(Double($0), digits: 1e3) },
                    size: [detection.box.width, detection.box.height].map { Self.rounded(Double($0), digits: 1e3) }
                )
            )
        }
    }

    /// A `Float` written as a `Double` would show digits that mean nothing.
    private static func rounded(_ value: Double, digits: Double) -> Double {
        (value * digits).rounded() / digits
    }

    static let schema = Schema.object([
        Field(name: "request_id", schema: .anyString, isRequired: true),
        Field(name: "compute_time", schema: .anyNumber.described("In seconds, waiting included."), isRequired: true),
        Field(name: "model", schema: .anyString, isRequired: true),
        Field(name: "image_id", schema: Fields.imageIDText),
        Field(name: "width", schema: .anyInteger.described("Of the picture, in pixels."), isRequired: true),
        Field(name: "height", schema: .anyInteger.described("Of the picture, in pixels."), isRequired: true),
        Field(
            name: "image",
            schema: Schema(kind: .string(.base64)).described("The picture with the detections drawn.")
        ),
        Field(
            name: "payload",
            schema: .array(
                of: .object([
                    Field(name: "class", schema: .anyString, isRequired: true),
                    Field(name: "class_id", schema: .anyInteger, isRequired: true),
                    Field(name: "score", schema: .number(0...1), isRequired: true),
                    Field(
                        name: "bbox",
                        schema: .object([
                            Field(
                                name: "origin",
                                schema: .array(of: .anyNumber, count: 2...2).described("Top left corner, in pixels."),
                                isRequired: true
                            ),
                            Field(
                                name: "size",
                                schema: .array(of: .anyNumber, count: 2...2).described("Width, height in pixels."),
                                isRequired: true
                            ),
                        ]),
                        isRequired: true
                    ),
                ])
            ).described("Best first."),
            isRequired: true
        ),
    ])

    static let example: JSONValue = [
        "request_id": "5f0d4a1e-8d0c-4c27-9d57-6a4e4d4f7f10", "compute_time": 0.061, "model": "yolov5s",
        "image_id": "000000000144", "width": 640, "height": 480,
        "payload": [
            [
                "class": "giraffe", "class_id": 23, "score": 0.91,
                "bbox": ["origin": [299.4, 126.6], "size": [297.2, 352.7]],
            ]
        ],
    ]
}

extension Response {
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encodeJSON(value)))
        )
    }
}
