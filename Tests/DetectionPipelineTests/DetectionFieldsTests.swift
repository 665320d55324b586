import DetectionPipeline
import Foundation
import JSONSchema
import ObjectDetection
import Testing
import YOLO

@Suite struct DetectionFieldsTests {
    private static let model = ModelDescription(name: "street", labels: LabelMap(["cat", "dog"]))

    @Test("without options, the detector's defaults apply")
    func defaults() throws {
        let settings = try DetectionSettings(Values([:]), for: Self.model, at: "query")
        #expect(settings.options == DetectionOptions())
        #expect(settings.masks == .polygon)
        #expect(settings.polygonTolerance == 0)
    }

    @Test("the declared defaults are the detector's defaults")
    func declaredDefaults() throws {
        let declared = DetectionFields.all.compactMap { field in field.schema.defaultValue.map { (field.name, $0) } }
        let settings = try DetectionSettings(
            Values(Dictionary(uniqueKeysWithValues: declared)),
            for: Self.model,
            at: "query"
        )
        #expect(settings.options == DetectionOptions())
    }

    @Test("each option sets the setting of its name")
    func options() throws {
        let values = Values([
            "confidence": 0.5, "iou": 0.3, "max_detections": 7, "classes": ["dog", 0], "agnostic_nms": true,
            "multi_label": true, "masks": "none", "polygon_tolerance": 2.5,
        ])
        let settings = try DetectionSettings(values, for: Self.model, at: "query")
        let expected = DetectionOptions(
            confidenceThreshold: 0.5,
            iouThreshold: 0.3,
            maximumDetections: 7,
            classes: [0, 1],
            classAgnostic: true,
            multiLabel: true,
            masks: false
        )
        #expect(settings.options == expected)
        #expect(settings.masks == MaskForm.none)
        #expect(settings.polygonTolerance == 2.5)
    }

    @Test(
        "an unknown class is an error that names it",
        arguments: [("unicorn", "unicorn"), (2, "2")] as [(JSONValue, String)]
    )
    func unknownClass(value: JSONValue, name: String) {
        let error = #expect(throws: ValidationErrors.self) {
            try DetectionSettings(Values(["classes": [value]]), for: Self.model, at: "query")
        }
        #expect(error?.list.first?.location == ["query", "classes"])
        #expect(error?.list.first?.message.hasPrefix("names \(name), which is not a class of street") == true)
    }

    @Test("docs/options.md lists every option with its range, default and description", arguments: DetectionFields.all)
    func documentation(field: Field) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/options.md")
        let page = try String(contentsOf: file, encoding: .utf8)
        let row = [
            "`\(field.name)`", field.schema.allowedValues, field.schema.defaultText.map { "`\($0)`" } ?? "",
            field.schema.summary ?? "",
        ]
        let line = "| \(row.joined(separator: " | ")) |"
        #expect(page.contains("\n\(line)\n"), "docs/options.md needs this row: \(line)")
    }
}
