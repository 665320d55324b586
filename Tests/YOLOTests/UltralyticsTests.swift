import Foundation
import Inference
import ObjectDetection
import TestSupport
import Testing
import YOLO

// All expected values are those of the Ultralytics package and PyTorch, from Tools/Goldens/ultralytics_golden.py.
@Suite("Checkpoints of the Ultralytics package") struct UltralyticsTests {
    private static let names = GoldenUltralytics.all.keys.sorted()

    @Test("every committed checkpoint is tested") func complete() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Fixtures.path("ultralytics"))
        #expect(files.filter { $0.hasSuffix(".pt") }.sorted() == Self.names.map { "\($0).pt" }.sorted())
        #expect(Self.names.count > 15)
    }

    @Test("the heads, classes, task and size are read", arguments: names)
    func description(name: String) throws {
        let expected = try #require(GoldenUltralytics.all[name])
        let network = try Network(file: Self.file(name), runtime: Runtime())
        let heads = CellHeads(strides: expected.strides, bins: expected.bins)
        #expect(network.layout.boxes == .cells(heads))
        #expect(network.layout.selection == (expected.endToEnd ? .everyClass : .suppressed))
        #expect(network.layout.maskCoefficientCount == expected.maskCoefficients)
        #expect(network.labels == expected.names)
        #expect(network.inputSide == expected.inputSide)
        #expect(network.stride == expected.strides.max())
        #expect(network.isDynamic && network.uncutReason == nil)
    }

    @Test("the network returns the same outputs as PyTorch, and boxes as the package decodes them", arguments: names)
    func outputs(name: String) async throws {
        let expected = try #require(GoldenUltralytics.all[name])
        let network = try Network(file: Self.file(name), runtime: Runtime())
        let outputs = try await Self.run(network, on: expected)
        #expect(outputs.map(\.shape) == expected.outputs.map(\.shape))
        for (index, (output, wanted)) in zip(outputs, expected.outputs).enumerated() {
            let differences = zip(output.values, wanted.values).map { abs($0 - $1) / max(1, abs($1)) }
            #expect(differences.count == wanted.values.count)
            #expect(differences.allSatisfy { $0 <= 1e-3 }, "output \(index): \(differences.max() ?? 0)")
        }
        Self.expect(expected.boxes, in: Self.candidates(in: outputs, layout: network.layout))
    }

    @Test("an export that returns its final boxes is served, and they are the package's")
    func finalBoxes() async throws {
        let expected = try #require(GoldenUltralytics.all["26-one"])
        let file = try #require(ModelFile(path: Fixtures.path("exports/final.onnx")))
        let network = try Network(file: file, runtime: Runtime())
        #expect(network.layout == OutputLayout(boxes: .final, classCount: 3, selection: .bestClass))
        #expect(!network.isDynamic)
        #expect(network.uncutReason?.contains("`iou`") == true)
        let outputs = try await Self.run(network, on: expected)
        Self.expect(expected.boxes, in: Self.candidates(in: outputs, layout: network.layout))
    }

    private static func run(
        _ network: Network,
        on golden: GoldenUltralytics
    ) async throws -> [(shape: [Int], values: [Float])] {
        let picture = GoldenCheckpoint.Picture(height: golden.height, width: golden.width, outputs: [])
        return try await network.compiled().outputs(
            height: picture.height,
            width: picture.width,
            pixels: picture.pixels
        )
    }

    private static func expect(_ rows: [[Float]], in found: [Detection]) {
        #expect(rows.count >= 12)
        for row in rows {
            let isFound = found.contains { detection in
                let box = detection.box
                let edges = zip([box.minX, box.minY, box.maxX, box.maxY], row)
                return detection.classID == Int(row[5]) && abs(detection.score - row[4]) < 1e-3
                    && edges.allSatisfy { abs($0 - $1) < 0.05 }
            }
            #expect(isFound, "\(row)")
        }
    }

    @Test("an inspection agrees with PyTorch", arguments: names)
    func inspection(name: String) throws {
        let expected = try #require(GoldenUltralytics.all[name])
        let inspection = try ModelInspection(file: Self.file(name), runtime: Runtime())
        #expect(inspection.layers.map(\.parameters).reduce(0, +) == expected.parameters)
        #expect(inspection.heads.map(\.stride) == expected.strides)
        #expect(inspection.task == (expected.maskCoefficients > 0 ? .segment : .detect))
    }

    @Test(
        "an inspection names the family",
        arguments: [
            ("ultralytics/v8-seg.pt", "YOLOv8"), ("ultralytics/11.pt", "YOLO11"), ("ultralytics/single.pt", nil),
            ("checkpoints/release7.pt", "YOLOv5"),
        ]
    )
    func family(path: String, expected: String?) throws {
        let file = try #require(ModelFile(path: Fixtures.path(path)))
        #expect(try ModelInspection(file: file, runtime: Runtime()).family == expected)
    }

    private static func candidates(
        in outputs: [(shape: [Int], values: [Float])],
        layout: OutputLayout
    ) -> [Detection] {
        let buffers = outputs.map { output in
            let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: output.values.count)
            _ = buffer.initialize(from: output.values)
            return buffer
        }
        defer { buffers.forEach { $0.deallocate() } }
        let tensors = zip(outputs, buffers).map { OutputTensor(dimensions: $0.shape, values: UnsafeBufferPointer($1)) }
        let options = DetectionOptions(confidenceThreshold: 0.001)
        return CandidateDecoder(layout: layout, options: options).candidates(in: tensors).detections
    }

    private static func file(_ name: String) throws -> ModelFile {
        try #require(ModelFile(path: Fixtures.path("ultralytics/\(name).pt")))
    }
}
