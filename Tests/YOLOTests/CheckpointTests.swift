import Inference
import TestSupport
import Testing
import YOLO

// All expected values are PyTorch's, from Tools/Goldens/checkpoint_golden.py.
@Suite struct CheckpointTests {
    private static let names = [
        "bfloat16", "fused", "ghost", "p6", "release2", "release3", "release7", "unfinished", "unusual",
    ]

    @Test("every committed checkpoint is tested") func complete() {
        #expect(GoldenCheckpoint.all.keys.sorted() == Self.names)
    }

    @Test("the heads, classes, task and size of a checkpoint are read", arguments: names)
    func description(name: String) throws {
        let expected = try #require(GoldenCheckpoint.all[name])
        let network = try Network(file: Self.file(name), runtime: Runtime())
        #expect(network.layout.boxes == .heads(expected.heads))
        #expect(network.layout.classCount == expected.names.count)
        #expect(network.layout.maskCoefficientCount == expected.maskCoefficients)
        #expect(network.labels == expected.names)
        #expect(network.inputSide == expected.inputSide)
        #expect(network.stride == expected.strides.max())
        #expect(network.isDynamic && network.uncutReason == nil)
    }

    @Test("a checkpoint's network returns the same outputs as PyTorch", arguments: names)
    func outputs(name: String) async throws {
        let expected = try #require(GoldenCheckpoint.all[name])
        let runtime = try Runtime()
        let network = try Network(file: Self.file(name), runtime: runtime)
        let compiled = try network.compiled()
        for picture in expected.pictures {
            let outputs = try await compiled.outputs(
                height: picture.height,
                width: picture.width,
                pixels: picture.pixels
            )
            #expect(outputs.map(\.shape) == picture.outputs.map(\.shape))
            for (index, (output, wanted)) in zip(outputs, picture.outputs).enumerated() {
                let differences = zip(output.values, wanted.values).map { abs($0 - $1) / max(1, abs($1)) }
                #expect(differences.count == wanted.values.count)
                #expect(differences.allSatisfy { $0 <= 1e-4 }, "output \(index): \(differences.max() ?? 0)")
            }
        }
    }

    @Test("an inspection agrees with PyTorch", arguments: ["release7", "release2", "ghost", "unusual"])
    func inspection(name: String) throws {
        let expected = try #require(GoldenCheckpoint.all[name])
        let inspection = try ModelInspection(file: Self.file(name), runtime: Runtime())
        #expect(inspection.layers.map(\.parameters).reduce(0, +) == expected.parameters)
        #expect(inspection.heads.map(\.stride) == expected.strides)
        #expect(inspection.labels == expected.names)
    }

    private static func file(_ name: String) throws -> ModelFile {
        try #require(ModelFile(path: Fixtures.path("checkpoints/\(name).pt")))
    }
}

extension GoldenCheckpoint {
    fileprivate var heads: [DetectionHead] {
        zip(strides, anchors).map { stride, anchors in
            DetectionHead(
                stride: stride,
                anchors: anchors.map { DetectionHead.Anchor(width: $0[0], height: $0[1]) },
                valuesPerAnchor: 5 + names.count + maskCoefficients
            )
        }
    }
}
