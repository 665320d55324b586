internal import DetectionPipeline
internal import JSONSchema
internal import ObjectDetection

/// The detections of a picture, as JSON.
struct DetectionBody: JSONObject {
    var requestID: String
    /// Seconds, waiting included.
    var computeTime: Double
    var imageID: String?
    var model: String
    var width: Int
    var height: Int
    /// The picture with the detections drawn.
    var image: Base64?
    /// Whether the picture is cut off; written only if it is.
    var isTruncated = false
    /// Longer side of the network's input in pixels, if one was requested.
    var size: Int?
    /// Number of slices, if any were requested.
    var slices: Int?
    var objects: DetectedObjects

    static let members: [JSONMember<DetectionBody>] = [
        JSONMember("compute_time", "In seconds, waiting included.") { ($0.computeTime * 1e6).rounded() / 1e6 },
        JSONMember("height", "Of the picture, in pixels.", \.height),
        JSONMember(optional: "image", "The picture with the detections drawn, in base64.", \.image),
        JSONMember(optional: "image_id", schema: Fields.imageIDText, \.imageID),
        JSONMember("model", \.model),
        JSONMember("payload", "Best first.", \.objects),
        JSONMember("request_id", \.requestID),
        JSONMember(
            optional: "size",
            "Longer side of the network's input in pixels, if one was requested: rounded up to its stride.",
            \.size
        ),
        JSONMember(
            optional: "slices",
            "Number of slices that were searched besides the whole picture, if any were requested.",
            \.slices
        ),
        JSONMember(optional: "truncated", "The picture is cut off, so objects may be missing.") { body in
            body.isTruncated ? true : nil
        },
        JSONMember("width", "Of the picture, in pixels.", \.width),
    ]

    static let example = DetectionBody(
        requestID: "5f0d4a1e-8d0c-4c27-9d57-6a4e4d4f7f10",
        computeTime: 0.061,
        imageID: "000000000144",
        model: "yolov5s",
        width: 640,
        height: 480,
        objects: DetectedObjects(
            [
                Detection(
                    box: BoundingBox(minX: 299.4, minY: 126.6, maxX: 596.6, maxY: 479.3),
                    score: 0.91,
                    classID: 0
                )
            ],
            labels: LabelMap(["giraffe"])
        )
    )
}
