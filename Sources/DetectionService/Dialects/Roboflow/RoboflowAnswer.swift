internal import DetectionPipeline
internal import FoundationEssentials
internal import JSONSchema
internal import ObjectDetection
internal import YOLO

/// The objects of a picture in Roboflow's form.
struct RoboflowAnswer: JSONObject {
    struct Size: JSONObject {
        var width: Int
        var height: Int

        static let members: [JSONMember<Size>] = [JSONMember("height", \.height), JSONMember("width", \.width)]
        static let example = Size(width: 640, height: 480)
    }

    /// The objects, converted one at a time because outlines are large.
    struct Objects: JSONRepresentable {
        var detections: [Detection]
        var labels: LabelMap
        var zones: [[String]]?
        var masks: MaskForm

        static var schema: Schema { .array(of: RoboflowObject.schema) }
        func write(to json: inout JSONWriter) throws {
            try json.array(
                of: detections.enumerated().lazy.map { index, detection in
                    RoboflowObject(
                        detection,
                        label: labels[detection.classID],
                        zones: zones?[index],
                        masks: masks
                    )
                }
            )
        }
    }

    var id: String
    var seconds: Double
    var size: Size
    var objects: Objects
    /// The picture with the detections drawn.
    var visualization: Base64?

    /// - Parameters:
    ///   - report: The detections.
    ///   - seconds: Time that they took, waiting included.
    ///   - masks: Format of the masks.
    init(_ report: DetectionReport, seconds: Double, masks: MaskForm) {
        id = EnvelopeMiddleware.makeRequestID()
        self.seconds = seconds
        size = Size(width: report.width, height: report.height)
        objects = Objects(
            detections: report.detections,
            labels: report.model.labels,
            zones: report.zones,
            masks: masks
        )
        visualization = report.drawn.map { Base64($0.bytes) }
    }

    private init() {
        id = RoboflowObject.example.id
        seconds = 0.061
        size = .example
        let box = BoundingBox(minX: 299.4, minY: 126.6, maxX: 596.6, maxY: 479.3)
        objects = Objects(
            detections: [Detection(box: box, score: 0.91, classID: 0)],
            labels: LabelMap(["giraffe"]),
            masks: .none
        )
    }

    static let members: [JSONMember<RoboflowAnswer>] = [
        JSONMember("image", "Size of the picture in pixels.", \.size),
        JSONMember("inference_id", \.id),
        JSONMember("predictions", "Best first.", \.objects),
        JSONMember("time", "In seconds, waiting included.") { ($0.seconds * 1e6).rounded() / 1e6 },
        JSONMember(optional: "visualization", "The picture with the objects drawn, in base64.", \.visualization),
    ]
    static let example = RoboflowAnswer()
}

/// One object: a box by its centre, and an outline or run lengths from a segmentation model.
struct RoboflowObject: JSONObject {
    var id: String
    var label: String
    var classID: Int
    var score: Double
    var box: BoundingBox
    var points: [RoboflowPoint]?
    var runLengths: DetectedObject.Segmentation.RunLengths?
    /// Names of its zones; nil if none were given.
    var zones: [String]?

    /// Converts a detection.
    ///
    /// - Parameters:
    ///   - detection: The detection.
    ///   - label: The name of its class.
    ///   - zones: Names of its zones; nil if none were given.
    ///   - masks: The format of its mask, if it has one.
    init(_ detection: Detection, label: String, zones: [String]?, masks: MaskForm) {
        self.zones = zones
        let object = DetectedObject(detection, label: label, masks: masks, tolerance: 0)
        id = EnvelopeMiddleware.makeRequestID()
        self.label = label
        classID = detection.classID
        score = object.score
        box = detection.box
        runLengths = object.segmentation?.rle
        points = object.segmentation?.polygons.map { Self.outline($0, of: detection.box) }
    }

    private init(box: BoundingBox) {
        id = "5f0d4a1e-8d0c-4c27-9d57-6a4e4d4f7f10"
        label = "giraffe"
        classID = 23
        score = 0.91
        self.box = box
    }

    private static func outline(_ polygons: [[Double]], of box: BoundingBox) -> [RoboflowPoint] {
        guard !polygons.isEmpty else {
            // Readers drop the masks of all objects if one has fewer than three points.
            return Array(
                repeating: RoboflowPoint(x: middle(box.minX, box.maxX), y: middle(box.minY, box.maxY)),
                count: 3
            )
        }
        return RoboflowPoint.outline(ofLargest: polygons)
    }

    private static func middle(_ start: Float, _ end: Float) -> Double {
        ((Double(start) + Double(end)) / 2 * 1e3).rounded() / 1e3
    }

    private static func length(_ start: Float, _ end: Float) -> Double { (Double(end - start) * 1e3).rounded() / 1e3 }

    static let members: [JSONMember<RoboflowObject>] = [
        JSONMember("class", \.label),
        JSONMember("class_id", \.classID),
        JSONMember("confidence", schema: .number(0...1), \.score),
        JSONMember("detection_id", \.id),
        JSONMember("height", "In pixels.") { length($0.box.minY, $0.box.maxY) },
        JSONMember(optional: "mask_format", schema: .oneOf([MaskForm.polygon, .rle].map(\.rawValue))) { object in
            object.runLengths != nil
                ? MaskForm.rle.rawValue : object.points != nil ? MaskForm.polygon.rawValue : nil
        },
        JSONMember(optional: "points", "Outline of the largest part of the object, in pixels.", \.points),
        JSONMember(optional: "rle", \.runLengths),
        JSONMember("width", "In pixels.") { length($0.box.minX, $0.box.maxX) },
        JSONMember("x", "Centre, in pixels.") { middle($0.box.minX, $0.box.maxX) },
        JSONMember("y", "Centre, in pixels.") { middle($0.box.minY, $0.box.maxY) },
        JSONMember(optional: "zones", \.zones),
    ]
    static let example = RoboflowObject(box: BoundingBox(minX: 299.4, minY: 126.6, maxX: 596.6, maxY: 479.3))
}
