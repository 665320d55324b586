import ArgumentParser
import DetectionPipeline
import JSONSchema
import TestSupport
import Testing
import osprey

@Suite struct DetectionFlagsTests {
    /// The options that flags set: models and zones are files on the command line, and crops go to a folder.
    private static let fields = DetectionFields.all.filter { field in
        ![DetectionFields.model, DetectionFields.zones, DetectionFields.crops].contains { $0.name == field.name }
    }

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
            "--multi-label", "--masks", "rle", "--polygon-tolerance", "2.5", "--size", "500", "--slices",
            "{\"size\": 320}", "--zones", "{\"door\": [[0, 0], [1, 0], [1, 1]]}", "--zone-anchor", "0.5", "--only",
            "zones",
            "--ignore", "[[[0, 0], [9, 0], [9, 9]]]", "--min-area", "0.1", "--max-area", "900", "--min-ratio", "0.5",
            "--max-ratio", "2", "--crop-margin", "0",
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
        #expect(values.integer("size") == 500)
        #expect(values.object("slices")?.integer("size") == 320)
        #expect(values.object("zones")?.array("door") == [[0, 0], [1, 0], [1, 1]])
        #expect(values.number("zone_anchor") == 0.5)
        #expect(values.string("only") == "zones")
        #expect(values.array("ignore") == [[[0, 0], [9, 0], [9, 9]]])
        let numbers = ["min_area", "max_area", "min_ratio", "max_ratio", "crop_margin"].map(values.number)
        #expect(numbers == [0.1, 900, 0.5, 2, 0])
    }

    @Test("zones are also read from a file, with what belongs to them")
    func zonesFile() throws {
        let directory = try TemporaryDirectory()
        let polygon = "[[0, 0], [1, 0], [1, 1]]"
        _ = try directory.write("plain.json", text: "{\"door\": \(polygon)}")
        let kept = "{\"zones\": {\"door\": \(polygon)}, \"zone_anchor\": \"center\", \"ignore\": [\(polygon)]}"
        _ = try directory.write("kept.json", text: kept)
        for name in ["plain.json", "kept.json"] {
            let values = try DetectionFlags.parse(["--zones", "\(directory.path)/\(name)"]).values
            #expect(values.object("zones")?.array("door") == [[0, 0], [1, 0], [1, 1]])
            #expect(values.string("zone_anchor") == (name == "kept.json" ? "center" : nil))
            #expect(values.array("ignore") == (name == "kept.json" ? [[[0, 0], [1, 0], [1, 1]]] : nil))
        }
        let error = #expect(throws: (any Error).self) { try DetectionFlags.parse(["--zones", "none.json"]) }
        #expect(error.map { DetectionFlags.message(for: $0) }?.contains("--zones none.json cannot be read") == true)
    }

    @Test(
        "an invalid value is rejected with the flag's name and the API's range",
        arguments: [
            (["--max-detections", "1001"], "--max-detections must be a whole number from 1 to 1000"),
            (["--max-detections", "0"], "--max-detections must be"),
            (["--confidence", "0"], "--confidence must be a number from 0.001 to 1"),
            (["--confidence", "{\"cat\": 2}"], "--confidence (cat) must be a number from"),
            (["--size", "64"], "--size must be a whole number from 128 to 1920"),
            (["--slices", "many"], "--slices must be one of none, auto"),
            (["--zones", "{\"a\": [[0, 0]]}"], "--zones (a) must be a list of 3 to 100 corners"),
            (["--iou", "1.1"], "--iou must be a number from 0 to 1"), (["--masks", "png"], "--masks must be one of"),
            (["--polygon-tolerance", "x"], "--polygon-tolerance must be"), (["--classes", ""], "--classes must be"),
        ]
    )
    func ranges(arguments: [String], message: String) {
        let error = #expect(throws: (any Error).self) { try DetectionFlags.parse(arguments) }
        let text = error.map { DetectionFlags.message(for: $0) } ?? ""
        #expect(text.contains(message), "\(text)")
        #expect(!text.contains("null"), "\(text)")
    }
}
