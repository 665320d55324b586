internal import DetectionPipeline
internal import Imaging
internal import JSONSchema
internal import YOLO

/// The settings that a folder's results share.
struct RunRecord: Encodable {
    enum CodingKeys: String, CodingKey {
        case agnosticNMS = "agnostic_nms"
        case classes
        case colorProfiles = "color_profiles"
        case confidence
        case crops
        case draw
        case every
        case fps
        case gate
        case iou
        case masks
        case maxDetections = "max_detections"
        case model
        case more
        case multiLabel = "multi_label"
        case polygonTolerance = "polygon_tolerance"
        case precision
        case sha256
        case shards
        case tracks
        case truncated
    }

    var agnosticNMS: Bool
    /// Class ids.
    var classes: [Int]?
    var colorProfiles: String
    var confidence: Double
    /// Margin of the saved pictures of detections; nil for none.
    var crops: Double?
    var draw: Bool
    /// Which pictures of videos are processed; nil for all.
    var every: Int?
    var fps: Double?
    /// Whether pictures in which nothing moves are skipped; nil for auto.
    var gate: String?
    var iou: Double
    var masks: String
    var maxDetections: Int
    var model: String
    /// The other options, as given.
    var more: [String: JSONValue]?
    var multiLabel: Bool
    var polygonTolerance: Double
    var precision: String
    var sha256: String
    var shards: Int?
    /// false if objects are not followed; otherwise nil.
    var tracks: Bool?
    var truncated: String

    private static let others = [
        DetectionFields.size, DetectionFields.slices, DetectionFields.confidence, DetectionFields.zones,
        DetectionFields.zoneAnchor, DetectionFields.only, DetectionFields.ignore, DetectionFields.minArea,
        DetectionFields.maxArea, DetectionFields.minRatio, DetectionFields.maxRatio,
    ]

    init(_ request: DetectionRequest, _ given: Values, _ decoding: DecodingOptions, draw: Bool, shards: Int?) {
        let (options, model) = (request.settings.options, request.detector.model)
        agnosticNMS = options.classAgnostic
        classes = options.classes.map { $0.sorted() }
        colorProfiles = decoding.embeddedProfile.rawValue
        // The decimal numbers as given: a Float converted to Double would show meaningless digits.
        confidence = Double("\(options.confidenceThreshold)") ?? 0
        crops = request.settings.cropMargin
        self.draw = draw
        iou = Double("\(options.iouThreshold)") ?? 0
        masks = request.settings.masks.rawValue
        maxDetections = options.maximumDetections
        self.model = model.name
        let more = given.all.filter { name, value in
            // One threshold for all classes is recorded above.
            Self.others.contains { $0.name == name && $0.schema.defaultValue != value }
                && (name != DetectionFields.confidence.name || value.typeName == "object")
        }
        self.more = more.isEmpty ? nil : more
        multiLabel = options.multiLabel
        polygonTolerance = request.settings.polygonTolerance
        precision = model.precision
        sha256 = model.sha256
        self.shards = shards
        truncated = decoding.acceptsTruncated ? "accept" : "reject"
    }
}
