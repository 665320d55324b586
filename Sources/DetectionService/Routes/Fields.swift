internal import Imaging
internal import ObjectDetection
internal import Storage
internal import YOLO

/// The fields that several calls share.
enum Fields {
    static let imageIDText = Schema(
        kind: .string(
            .text(length: 1...ImageID.maximumLength, pattern: "^[A-Za-z0-9_-][A-Za-z0-9._-]*$") { ImageID($0) != nil }
        )
    )
    .described("A picture's id. Digits are filled up with zeros: 144 is 000000000144.")
    .example("000000000144")

    /// As a member of a JSON body, an id may be a number too.
    static let imageID = Field(
        name: "image_id",
        schema: .anyOf([imageIDText, .integer(0...999_999_999_999)]).example("000000000144"),
        isRequired: true
    )

    static let pathImageID = Field(name: "image_id", schema: imageIDText, isRequired: true)

    /// How to detect.
    static let detection = [
        Field(
            name: "model",
            schema: .text(1...ModelFile.maximumNameLength).nullable().described(
                "The model's name; the default model without it."
            )
        ),
        Field(
            name: "confidence",
            schema: .number(0.001...1).nullable().defaulting(to: 0.25)
                .described("Score that a detection must exceed.")
        ),
        Field(
            name: "iou",
            schema: .number(0...1).nullable().defaulting(to: 0.45)
                .described("Overlap above which the weaker of two detections is dropped.")
        ),
        Field(
            name: "max_detections",
            schema: .integer(1...1000).nullable().defaulting(to: 300).described("How many detections to keep at most.")
        ),
        Field(
            name: "classes",
            schema: .array(of: .anyOf([.integer(0...9999), .text(1...64)]), count: 1...1000).nullable()
                .described("Classes to keep, by name or id; all without it.").example(["giraffe", 22])
        ),
        Field(
            name: "agnostic_nms",
            schema: .boolean.nullable().defaulting(to: false)
                .described("Whether detections of different classes suppress each other.")
        ),
        Field(
            name: "multi_label",
            schema: .boolean.nullable().defaulting(to: false)
                .described("Whether one box may be of several classes, as when accuracy is evaluated.")
        ),
        Field(
            name: "masks",
            schema: .oneOf(MaskForm.allCases.map(\.rawValue)).nullable()
                .defaulting(to: .string(MaskForm.polygon.rawValue))
                .described("Form of the masks of a segmentation model; others have none.")
        ),
        Field(
            name: "polygon_tolerance",
            schema: .number(0...100).nullable().defaulting(to: 0)
                .described("How far, in pixels, polygons may be off to have fewer points; 0 is exact.")
        ),
    ]

    /// Which picture to add to detections.
    static func drawnImage(default value: String) -> Field {
        Field(
            name: "image",
            schema: .oneOf(["none", "png", "jpeg", "webp"]).nullable().defaulting(to: .string(value))
                .described("Form of the picture with the detections drawn on it, in base64.")
        )
    }
}

extension Schema {
    static func text(_ length: ClosedRange<Int>) -> Schema {
        Schema(kind: .string(.text(length: length, pattern: nil) { _ in true }))
    }
}

extension Values {
    /// The picture's id, of a path or a body.
    func imageID() throws -> ImageID {
        let text = string("image_id") ?? integer("image_id").map(String.init) ?? ""
        guard let id = ImageID(text) else { throw Problem(.notFound, "There is no picture \(text).") }
        return id
    }

    /// How to detect, with the classes that the model has.
    ///
    /// - Throws: ``Problem`` (422) for a class that the model does not have.
    func detectionOptions(for model: ModelDescription, at location: String) throws -> DetectionOptions {
        var options = DetectionOptions()
        if let confidence = number("confidence") { options.confidenceThreshold = Float(confidence) }
        if let iou = number("iou") { options.iouThreshold = Float(iou) }
        if let maximum = integer("max_detections") { options.maximumDetections = maximum }
        options.classAgnostic = bool("agnostic_nms") ?? false
        options.multiLabel = bool("multi_label") ?? false
        options.masks = maskForm != .none
        if let classes = array("classes") {
            options.classes = Set(try classes.map { try Self.classID($0, of: model, at: location) })
        }
        return options
    }

    /// How masks are to be answered.
    var maskForm: MaskForm { string("masks").flatMap(MaskForm.init) ?? .polygon }

    private static func classID(_ value: JSONValue, of model: ModelDescription, at location: String) throws -> Int {
        switch value {
        case .number(let number) where Int(number) < model.labels.count:
            return Int(number)
        case .string(let name):
            if let id = model.labels.classID(named: name) { return id }
            fallthrough
        default:
            let error = ValidationError(
                location: [location, "classes"],
                message: "names a class that \(model.name) does not have; GET /models lists its \(model.labels.count)",
                type: "unknown_class"
            )
            throw Problem(errors: [error])
        }
    }
}
