import ArgumentParser
import DetectionPipeline
import JSONSchema
import Testing
import osprey

@Suite struct DetectionFlagsTests {
    /// The options that flags set; models are files on the command line.
    private static let fields = DetectionFields.all.filter { $0.name != DetectionFields.model.name }

    private static func flag(_ field: Field) -> String { "--" + field.name.replacing("_", with: "-") }

    @Test("--help lists every option with its range, default and description", arguments: fields)
    func help(field: Field) {
        let help = DetectionFlags.helpMessage().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let (flag, summary) = (Self.flag(field), field.schema.summary ?? "?")
        if case .boolean = field.schema.kind { return #expect(help.contains("\(flag) \(summary)")) }
        let range = field.schema.allowedValues + (field.schema.defaultText.map { "; default: \($0)" } ?? "")
        #expect(help.contains("\(flag) <\(flag.dropFirst(2))> \(summary) (\(range))"))
    }

    @Test("every flag sets the option of its name")
    func values() throws {
        let flags = try DetectionFlags.parse([
            "--confidence", "0.5", "--iou", "0.3", "--max-detections", "7", "--classes", "dog, 3", "--agnostic-nms",
            "--multi-label", "--masks", "rle", "--polygon-tolerance", "2.5",
        ])
        let values = try flags.values
        #expect(values.number("confidence") == 0.5)
        #expect(values.number("iou") == 0.3)
        #expect(values.integer("max_detections") == 7)
        #expect(values.array("classes") == ["dog", 3])
        #expect(values.bool("agnostic_nms") == true)
        #expect(values.bool("multi_label") == true)
        #expect(values.string("masks") == "rle")
        #expect(values.number("polygon_tolerance") == 2.5)
    }

    @Test(
        "an invalid value is rejected with the flag's name and the API's range",
        arguments: [
            (["--max-detections", "1001"], "--max-detections must be a whole number from 1 to 1000"),
            (["--max-detections", "0"], "--max-detections must be"), (["--confidence", "0"], "--confidence must be"),
            (["--iou", "1.1"], "--iou must be a number from 0 to 1"), (["--masks", "png"], "--masks must be one of"),
            (["--polygon-tolerance", "x"], "--polygon-tolerance must be"), (["--classes", ""], "--classes must be"),
        ]
    )
    func ranges(arguments: [String], message: String) {
        let error = #expect(throws: (any Error).self) { try DetectionFlags.parse(arguments) }
        let text = error.map { DetectionFlags.message(for: $0) } ?? ""
        #expect(text.contains(message), "\(text)")
    }
}
