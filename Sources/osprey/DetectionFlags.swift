internal import ArgumentParser
internal import DetectionPipeline
package import JSONSchema

/// The options of a detection as command-line flags, from their declarations in ``DetectionFields``.
package struct DetectionFlags: ParsableArguments {
    @Option(help: .field(DetectionFields.confidence))
    var confidence: String?

    @Option(help: .field(DetectionFields.iou))
    var iou: String?

    @Option(help: .field(DetectionFields.maxDetections))
    var maxDetections: String?

    @Option(help: .field(DetectionFields.classes))
    var classes: String?

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
            try Values(options: [
                (DetectionFields.confidence, confidence), (DetectionFields.iou, iou),
                (DetectionFields.maxDetections, maxDetections), (DetectionFields.classes, classes),
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
        // For an element of a list, its index follows the option's name.
        let name = location.dropFirst().first ?? ""
        return "--\(Field.optionName(name)) \(message)."
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
