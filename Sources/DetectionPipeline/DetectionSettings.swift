internal import Basics
package import JSONSchema
internal import ObjectDetection
package import YOLO

/// Format of masks.
package enum MaskForm: String, CaseIterable, Sendable {
    /// Polygons in pixels of the picture.
    case polygon
    /// COCO's compressed run lengths.
    case rle
    /// No masks.
    case none
}

/// The options of a detection, validated for one model.
///
/// ``DetectionFields`` declares them.
package struct DetectionSettings: Sendable {
    /// What the detector keeps.
    package var options: DetectionOptions
    package var masks: MaskForm
    /// Maximum deviation of simplified polygons in pixels; 0 is exact.
    package var polygonTolerance: Double

    /// The defaults.
    package init() {
        options = DetectionOptions()
        masks = .polygon
        polygonTolerance = 0
    }

    /// Reads the options.
    ///
    /// - Parameters:
    ///   - values: Values that were validated against ``DetectionFields``.
    ///   - model: Resolves class names.
    ///   - location: Start of the locations of errors, such as `query`.
    /// - Throws: `ValidationErrors` for a class that the model does not have.
    package init(_ values: Values, for model: ModelDescription, at location: String) throws(ValidationErrors) {
        var options = DetectionOptions()
        if let confidence = values.number(DetectionFields.confidence.name) {
            options.confidenceThreshold = Float(confidence)
        }
        if let iou = values.number(DetectionFields.iou.name) { options.iouThreshold = Float(iou) }
        if let maximum = values.integer(DetectionFields.maxDetections.name) { options.maximumDetections = maximum }
        options.classAgnostic = values.bool(DetectionFields.agnosticNMS.name) ?? false
        options.multiLabel = values.bool(DetectionFields.multiLabel.name) ?? false
        masks = values.string(DetectionFields.masks.name).flatMap(MaskForm.init) ?? .polygon
        options.masks = masks != .none
        if let classes = values.array(DetectionFields.classes.name) {
            var ids: Set<Int> = []
            for value in classes { ids.insert(try Self.classID(value, of: model, at: location)) }
            options.classes = ids
        }
        self.options = options
        polygonTolerance = values.number(DetectionFields.polygonTolerance.name) ?? 0
    }

    private static func classID(
        _ value: JSONValue,
        of model: ModelDescription,
        at location: String
    ) throws(ValidationErrors) -> Int {
        let given: String
        switch value {
        case .number(let number) where Int(number) < model.labels.count: return Int(number)
        case .number(let number): given = "\(Int(number))"
        case .string(let name):
            if let id = model.labels.classID(named: name) { return id }
            given = name.printable()
        default: given = "a \(value.typeName)"
        }
        let error = ValidationError(
            location: [location, DetectionFields.classes.name],
            message: "names \(given), which is not a class of \(model.name); GET /models and `osprey models inspect` "
                + "list its \(model.labels.count) classes",
            type: "unknown_class"
        )
        throw ValidationErrors([error])
    }
}
