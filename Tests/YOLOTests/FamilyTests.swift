import Imaging
import Inference
import ObjectDetection
import TestSupport
import Testing
import YOLO

/// Exports in the forms of other families; Tools/Goldens/family_fixtures.py wrote the files, and the candidates that ONNX
/// Runtime finds with them.
@Suite struct FamilyTests {
    /// A file in Tests/Fixtures/exports, and what must be read from it.
    struct Family: Sendable, CustomTestStringConvertible {
        var name: String
        var format: InputFormat
        var family: String?
        var boxes = OutputLayout.Boxes.columns
        var selection = OutputLayout.Selection.suppressed

        var testDescription: String { name }
    }

    static let families = [
        Family(name: "offsets", format: .yolox, family: "YOLOX"),
        Family(name: "yolox", format: .yolox, family: "YOLOX", boxes: .rows),
        Family(name: "relative", format: .usual),
        Family(name: "corners", format: .usual),
        Family(name: "logits", format: .usual),
        Family(name: "pair", format: .nas, family: "YOLO-NAS"),
        Family(name: "class-first", format: .usual, family: "YOLOv6 or v7", boxes: .final, selection: .bestClass),
        Family(name: "score-first", format: .nas, family: "YOLO-NAS", boxes: .final, selection: .bestClass),
        Family(name: "parts", format: .usual, family: "YOLOv6", boxes: .final, selection: .bestClass),
        Family(name: "query-logits", format: .averaged, family: "RT-DETR, D-FINE or DEIM", selection: .everyClass),
        Family(name: "query-joined", format: .stretched, family: "RT-DETR", selection: .bestClass),
        Family(name: "query-best", format: .stretched, family: "RT-DETR", boxes: .final, selection: .bestClass),
        Family(
            name: "query-parts",
            format: .averaged,
            family: "RT-DETR, D-FINE or DEIM",
            boxes: .final,
            selection: .bestClass
        ),
        Family(name: "query-masks", format: .imageNet, family: "RF-DETR", selection: .everyClass),
    ]

    @Test("the form of a family's outputs is recognised from what they make of known values", arguments: families)
    func recognised(family: Family) throws {
        let network = try ExportTests.network("family-\(family.name).onnx")
        #expect(network.layout.boxes == family.boxes)
        #expect(network.layout.selection == family.selection)
        #expect(network.layout.hasMaskPerBox == (family.name == "query-masks"))
        #expect(network.format == family.format)
        #expect(network.family?.name == family.family)
        #expect(network.labels == ["round", "square", "star"])
        #expect(!network.isDynamic && network.uncutReason != nil)
    }

    @Test("a family's export yields the same candidates as in ONNX Runtime, from pictures as the family prepares them")
    func candidates() async throws {
        let goldens = try ExportTests.Expected.load("families")
        #expect(goldens.keys.sorted() == Self.families.map(\.name).sorted())
        for (name, expected) in goldens {
            let network = try ExportTests.network("family-\(name).onnx")
            let found = try await ExportTests.run(network, on: expected).candidates.detections
            #expect(found.count == expected.candidates.count && found.count >= 8, "\(name)")
            for wanted in expected.candidates {
                let box = BoundingBox(centerX: wanted[0], centerY: wanted[1], width: wanted[2], height: wanted[3])
                let isFound = found.contains { detection in
                    let edges = [
                        (detection.box.minX, box.minX), (detection.box.minY, box.minY), (detection.box.maxX, box.maxX),
                        (detection.box.maxY, box.maxY),
                    ]
                    return detection.classID == Int(wanted[5]) && abs(detection.score - wanted[4]) < 0.001
                        && edges.allSatisfy { abs($0 - $1) < 0.05 }
                }
                #expect(isFound, "\(name): \(wanted)")
            }
        }
    }

    @Test("masks of a transformer's boxes are those of its queries")
    func queryMasks() async throws {
        let expected = try #require(try ExportTests.Expected.load("families")["query-masks"])
        let wanted = try #require(expected.masks)
        let network = try ExportTests.network("family-query-masks.onnx")
        let found = try await ExportTests.run(network, on: expected).candidates
        // Candidates are in the order of the queries, as in the file.
        #expect(found.masks.count == wanted.count && Set(wanted).count > 3)
        #expect(zip(found.masks, wanted).allSatisfy { abs($0 - $1) <= 1 }, "\(found.masks) \(wanted)")
    }

    @Test("a transformer's masks are returned with its boxes")
    func masks() async throws {
        let file = try #require(ModelFile(path: Fixtures.path("exports/family-query-masks.onnx")))
        let configuration = YOLODetector.Configuration(
            compilation: CompileOptions(precision: .f32, streams: 1, threads: 1)
        )
        let detector = try YOLODetector(file: file, configuration: configuration, runtime: Runtime())
        #expect(detector.model.task == .segment)
        // A stretched picture needs as much resolution along its shorter side.
        #expect(detector.model.decodingScale == 2)
        let picture = try RGBImage.jpeg(Asset.demoPicture)
        let options = DetectionOptions(confidenceThreshold: 0.3)
        let found = try await detector.detect(in: picture, options: options).detections
        #expect(found.count > 10)
        #expect(found.contains { $0.mask != nil })
        #expect(found.allSatisfy { $0.box.maxX <= Float(picture.width) && $0.box.maxY <= Float(picture.height) })
    }
}
