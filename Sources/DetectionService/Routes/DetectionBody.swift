internal import Imaging
internal import ObjectDetection
internal import YOLO

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
            case segmentation
        }

        var label: String
        var classID: Int
        var score: Double
        var box: Box
        var segmentation: SegmentationBody?
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
        imageID: String?,
        image: RGBImage,
        drawn: String?,
        detections: [Detection],
        wanted: DetectionRequest
    ) {
        let model = wanted.detector.model
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
                ),
                segmentation: detection.mask.flatMap { mask in
                    SegmentationBody(mask, as: wanted.masks, tolerance: wanted.polygonTolerance)
                }
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
                    Field(name: "segmentation", schema: SegmentationBody.schema),
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
