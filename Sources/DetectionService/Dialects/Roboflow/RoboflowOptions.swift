internal import DetectionPipeline
internal import JSONSchema
internal import ObjectDetection
internal import YOLO

/// Options of a detection by their names in Roboflow's API.
enum RoboflowOptions {
    /// Scores and overlaps of the older calls may be percentages.
    static func all(isPercentAllowed: Bool) -> [Field] {
        let ratio = Schema.number(0...(isPercentAllowed ? 100 : 1))
        return [
            Field(
                name: "class_agnostic_nms",
                schema: .boolean.nullable().defaulting(to: false)
                    .described("Let detections of different classes suppress each other.")
            ),
            Field(
                name: "confidence",
                schema: .anyOf([ratio, .oneOf(["default", "best"])]).nullable().defaulting(to: .number(usualConfidence))
                    .described("Score that a detection must exceed.")
            ),
            Field(
                name: isPercentAllowed ? "overlap" : "iou_threshold",
                schema: ratio.nullable().defaulting(to: .number(usualOverlap))
                    .described("Overlap (IoU) above which the weaker of two detections is suppressed.")
            ),
            Field(
                name: "max_detections",
                schema: .integer(1...1000).nullable().defaulting(to: 300)
                    .described("Maximum number of detections per picture.")
            ),
            Field(
                name: "response_mask_format",
                schema: .oneOf([MaskForm.polygon, .rle].map(\.rawValue)).nullable()
                    .defaulting(to: .string(MaskForm.polygon.rawValue)).described("Format of masks.")
            ),
        ]
    }

    /// Classes to keep.
    static func classes(named name: String) -> Field {
        Field(
            name: name,
            schema: .array(of: .text(0...64), count: 0...200).nullable()
                .described("Names of the classes to keep; without it, all.")
        )
    }

    // The defaults of Roboflow's server.
    private static let usualConfidence = 0.4
    private static let usualOverlap = 0.3

    /// Reads the options.
    ///
    /// - Parameters:
    ///   - values: Validated values.
    ///   - classes: Name of the list of classes.
    ///   - model: Resolves class names.
    ///   - base: The options that Roboflow does not have.
    ///   - withMasks: Whether masks are wanted.
    ///   - isPercentAllowed: Whether scores and overlaps of 1 and more are percentages.
    /// - Returns: The settings.
    static func settings(
        _ values: Values,
        classes: String,
        for model: ModelDescription,
        base: DetectionSettings,
        withMasks: Bool,
        isPercentAllowed: Bool
    ) -> DetectionSettings {
        func ratio(_ number: Double?) -> Float? {
            number.map { Float(isPercentAllowed && $0 >= 1 ? $0 / 100 : $0) }
        }
        var settings = base
        settings.options.classAgnostic = values.bool("class_agnostic_nms") ?? false
        // All boxes of a network would take seconds.
        settings.options.confidenceThreshold = max(0.001, ratio(values.number("confidence")) ?? Float(usualConfidence))
        settings.options.iouThreshold =
            ratio(values.number("iou_threshold") ?? values.number("overlap")) ?? Float(usualOverlap)
        settings.options.maximumDetections = values.integer("max_detections") ?? 300
        settings.masks = withMasks ? values.string("response_mask_format").flatMap(MaskForm.init) ?? .polygon : .none
        settings.options.masks = withMasks
        if let names = values.array(classes), !names.isEmpty {
            settings.options.classes = Set(
                names.compactMap { value in
                    if case .string(let name) = value { model.labels.classID(named: name) } else { nil }
                }
            )
        }
        return settings
    }
}
