internal import ArgumentParser
internal import DetectionPipeline
package import JSONSchema

/// The options of a detection as command-line flags, from their declarations in ``DetectionFields``.
package struct DetectionFlags: ParsableArguments {
    @Option(help: .field(DetectionFields.size))
    var size: String?

    @Option(help: .field(DetectionFields.slices))
    var slices: String?

    @Option(help: .field(DetectionFields.confidence))
    var confidence: String?

    @Option(help: .field(DetectionFields.iou))
    var iou: String?

    @Option(help: .field(DetectionFields.maxDetections))
    var maxDetections: String?

    @Option(help: .field(DetectionFields.classes))
    var classes: String?

    @Option(
        help: ArgumentHelp(
            "Named areas: a file or a text of JSON, such as {\"door\": [[0, 0.5], [1, 0.5], [1, 1]]}, or as PUT "
                + "/zones/NAME takes it. Each detection says in which ones it is.",
            valueName: "zones"
        )
    )
    var zones: String?

    @Option(help: .field(DetectionFields.zoneAnchor))
    var zoneAnchor: String?

    @Option(help: .field(DetectionFields.only))
    var only: String?

    @Option(help: .field(DetectionFields.ignore))
    var ignore: String?

    @Option(help: .field(DetectionFields.cropMargin))
    var cropMargin: String?

    @Option(help: .field(DetectionFields.minArea))
    var minArea: String?

    @Option(help: .field(DetectionFields.maxArea))
    var maxArea: String?

    @Option(help: .field(DetectionFields.minRatio))
    var minRatio: String?

    @Option(help: .field(DetectionFields.maxRatio))
    var maxRatio: String?

    @Flag(help: .field(DetectionFields.agnosticNMS))
    var agnosticNMS = false

    @Flag(help: .field(DetectionFields.multiLabel))
    var multiLabel = false

    @Option(help: .field(DetectionFields.masks))
    var masks: String?

    @Option(help: .field(DetectionFields.polygonTolerance))
    var polygonTolerance: String?

    package init() {}

    package func validate() throws { _ = try values }

    /// The given options.
    ///
    /// - Throws: `ValidationError` naming an option whose value is invalid.
    package var values: Values {
        get throws {
            let kept = try KeptZonesFile(zones)
            return try Values(options: [
                (DetectionFields.size, size), (DetectionFields.slices, slices),
                (DetectionFields.confidence, confidence), (DetectionFields.iou, iou),
                (DetectionFields.maxDetections, maxDetections), (DetectionFields.classes, classes),
                (DetectionFields.zones, kept.zones), (DetectionFields.zoneAnchor, zoneAnchor ?? kept.anchor),
                (DetectionFields.only, only), (DetectionFields.ignore, ignore ?? kept.ignore),
                (DetectionFields.cropMargin, cropMargin), (DetectionFields.minArea, minArea),
                (DetectionFields.maxArea, maxArea),
                (DetectionFields.minRatio, minRatio), (DetectionFields.maxRatio, maxRatio),
                (DetectionFields.agnosticNMS, agnosticNMS ? "true" : nil),
                (DetectionFields.multiLabel, multiLabel ? "true" : nil), (DetectionFields.masks, masks),
                (DetectionFields.polygonTolerance, polygonTolerance),
            ])
        }
    }
}

extension Values {
    /// Parses and validates command-line options by their declarations.
    ///
    /// - Throws: ArgumentParser's `ValidationError` naming an option whose value is invalid.
    init(options: [(field: Field, text: String?)]) throws {
        var errors = ValidationErrors()
        self.init(
            parsing: options.compactMap { field, text in text.map { (field.name, $0) } },
            fields: options.map(\.field),
            location: "option",
            into: &errors
        )
        if let error = errors.list.first { throw ArgumentParser.ValidationError(error.optionMessage) }
    }
}

extension JSONSchema.ValidationError {
    /// The message with the name of the command-line option: `--iou must be a number from 0 to 1`.
    var optionMessage: String {
        // For an element of a list or object, its index or name follows the option's name.
        let path = location.dropFirst()
        let place = path.count > 1 ? " (\(path.dropFirst().joined(separator: ".")))" : ""
        return "--\(Field.optionName(path.first ?? ""))\(place) \(message)."
    }
}

extension Field {
    /// The name of a command-line option: `--max-detections` is `max_detections` in JSON.
    static func optionName(_ name: String) -> String { String(name.map { $0 == "_" ? "-" : $0 }) }

    func defaulting(to value: JSONValue) -> Field {
        Field(name: name, schema: schema.defaulting(to: value), isRequired: isRequired)
    }
}

extension ArgumentHelp {
    /// Help with the declared summary, range and default.
    static func field(_ field: Field) -> ArgumentHelp {
        let summary = field.schema.summary ?? ""
        if case .boolean = field.schema.kind { return ArgumentHelp(stringLiteral: summary) }
        let value = field.schema.allowedValues + (field.schema.defaultText.map { "; default: \($0)" } ?? "")
        return ArgumentHelp(stringLiteral: "\(summary) (\(value))")
    }
}
