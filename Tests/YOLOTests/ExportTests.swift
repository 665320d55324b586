import Foundation
import Inference
import ObjectDetection
import TestSupport
import Testing
import YOLO

/// Tools/Goldens/export_fixtures.py wrote the files, and the candidates that PyTorch finds with their networks.
@Suite struct ExportTests {
    /// A file in Tests/Fixtures/exports, and what must be read from it.
    struct Export: Sendable, CustomTestStringConvertible {
        var file: String
        /// Key of PyTorch's candidates in candidates.json.
        var candidates: String
        var boxes: OutputLayout.Boxes
        var maskCoefficientCount = 0
        var inputSide = 64
        var isDynamic = true

        var testDescription: String { file }
    }

    private static func heads(_ strides: [Int], coefficients: Int = 0) -> OutputLayout.Boxes {
        let anchors: [Int: [(Float, Float)]] = [
            8: [(10, 13), (16, 30), (33, 23)],
            16: [(30, 61), (62, 45), (59.5, 119)],
            32: [(116, 90), (156, 198), (373, 326)],
            64: [(436, 615), (739, 380), (925, 792)],
        ]
        return .heads(
            strides.map { stride in
                DetectionHead(
                    stride: stride,
                    anchors: (anchors[stride] ?? []).map { .init(width: $0.0, height: $0.1) },
                    valuesPerAnchor: 8 + coefficients
                )
            }
        )
    }

    private static let usual = heads([8, 16, 32])
    private static let masks = heads([8, 16, 32], coefficients: 4)

    static let exports = [
        Export(file: "detect-11.onnx", candidates: "detect", boxes: usual),
        Export(file: "detect-11-simplified.onnx", candidates: "detect", boxes: usual),
        // A size in the middle of the graph prevents all others.
        Export(file: "detect-11-sized.onnx", candidates: "detect", boxes: usual, isDynamic: false),
        Export(file: "detect-12-v6.onnx", candidates: "detect", boxes: usual),
        Export(file: "detect-12-inplace.onnx", candidates: "detect", boxes: usual),
        Export(file: "detect-13-dynamic.onnx", candidates: "detect", boxes: usual, inputSide: 640),
        Export(file: "detect-13-dynamic-slim.onnx", candidates: "detect", boxes: usual, inputSide: 640),
        Export(file: "detect-13-dynamic-half.onnx", candidates: "detect", boxes: usual, inputSide: 640),
        Export(file: "detect-14-batch.onnx", candidates: "detect", boxes: usual),
        Export(file: "detect-16-half.onnx", candidates: "detect", boxes: usual),
        Export(file: "detect-17-wide.onnx", candidates: "wide", boxes: usual, inputSide: 96),
        Export(file: "large-15-dynamic.onnx", candidates: "large", boxes: heads([8, 16, 32, 64]), inputSide: 1280),
        Export(
            file: "segment-12-dynamic.onnx",
            candidates: "segment",
            boxes: masks,
            maskCoefficientCount: 4,
            inputSide: 640
        ),
        Export(file: "segment-17.onnx", candidates: "segment", boxes: masks, maskCoefficientCount: 4),
        Export(file: "segment-17-half.onnx", candidates: "segment", boxes: masks, maskCoefficientCount: 4),
        Export(file: "detect-ir.xml", candidates: "detect", boxes: usual),
        Export(file: "segment-ir-half.xml", candidates: "segment", boxes: masks, maskCoefficientCount: 4),
        // Its boxes are not decoded like YOLOv5's.
        Export(file: "detect-11-v3.onnx", candidates: "v3", boxes: .rows, isDynamic: false),
        Export(file: "free-17.onnx", candidates: "free", boxes: .columns, isDynamic: false),
        Export(file: "free-16-half.onnx", candidates: "free", boxes: .columns, isDynamic: false),
        Export(file: "free-17-dynamic.onnx", candidates: "free", boxes: .columns),
        Export(file: "free-17-wide.onnx", candidates: "free-wide", boxes: .columns, inputSide: 96, isDynamic: false),
        Export(
            file: "free-segment-17.onnx",
            candidates: "free-segment",
            boxes: .columns,
            maskCoefficientCount: 4,
            isDynamic: false
        ),
    ]

    static func network(_ file: String) throws -> Network {
        try Network(file: #require(ModelFile(path: Fixtures.path("exports/\(file)"))), runtime: Runtime())
    }

    @Test("every form of export is recognised", arguments: exports) func understood(export: Export) throws {
        let network = try Self.network(export.file)
        #expect(network.layout.boxes == export.boxes)
        #expect(network.layout.classCount == 3)
        #expect(network.layout.maskCoefficientCount == export.maskCoefficientCount)
        #expect(network.labels == ["round", "square", "star"])
        #expect(network.inputSide == export.inputSide)
        #expect(network.stride == (export.candidates == "large" ? 64 : 32))
        #expect(network.isDynamic == export.isDynamic)
        if case .heads = export.boxes { #expect(network.uncutReason == nil) }
        #expect(try network.sized.graph().cost.operations > 0)
    }

    @Test("an export yields the same candidates as its network in PyTorch", arguments: exports)
    func found(export: Export) async throws {
        let expected = try #require(try Expected.load()[export.candidates])
        let network = try Self.network(export.file)
        let (candidates, prototypes) = try await Self.run(network, on: expected)
        #expect(candidates.detections.count == expected.candidates.count)
        for (index, (found, wanted)) in zip(candidates.detections, expected.candidates).enumerated() {
            let box = BoundingBox(centerX: wanted[0], centerY: wanted[1], width: wanted[2], height: wanted[3])
            let edges = [(found.box.minX, box.minX), (found.box.minY, box.minY), (found.box.maxX, box.maxX)]
            #expect((edges + [(found.box.maxY, box.maxY)]).allSatisfy { abs($0 - $1) < 0.05 }, "\(found.box) \(box)")
            #expect(abs(found.score - wanted[4]) < 0.001)
            #expect(found.classID == Int(wanted[5]))
            let coefficients = candidates.coefficients.isEmpty ? [] : candidates.coefficients[index]
            #expect(coefficients.count == wanted.count - 6)
            #expect(zip(coefficients, wanted.dropFirst(6)).allSatisfy { abs($0 - $1) < 0.01 })
        }
        if export.maskCoefficientCount > 0 {
            #expect(prototypes == [1, 4, expected.height / 4, expected.width / 4])
        }
    }

    // The anchors of YOLOv5 v7.0's models/yolov5n.yaml.
    @Test("the published export is cut at its heads", .needs(.model("yolov5n.onnx"))) func published() throws {
        let network = try Network(file: #require(ModelFile(path: Asset.model("yolov5n.onnx").path)), runtime: Runtime())
        guard case .heads(let heads) = network.layout.boxes else {
            Issue.record("the network was not cut")
            return
        }
        let sizes = heads.map { $0.anchors.map { [$0.width, $0.height] } }
        #expect(
            sizes == [
                [[10, 13], [16, 30], [33, 23]], [[30, 61], [62, 45], [59, 119]],
                [[116, 90], [156, 198], [373, 326]],
            ]
        )
        #expect(heads.map(\.stride) == [8, 16, 32])
        #expect(network.layout.classCount == 80 && network.labels[23] == "giraffe")
        #expect(network.isDynamic && network.inputSide == 640)
    }

    // The part of each message that says what was found; the advice after the colon is not tested.
    @Test(
        "an unsupported network is rejected with an error that says what was found",
        arguments: [
            (
                "best",
                "has boxes that follow neither the cells of its feature maps nor its queries (it returns [1, 30, 6])"
            ),
            (
                "fixed",
                "has boxes that follow neither the cells of its feature maps nor its queries (it returns [1, 4, 7])"
            ),
            ("softmax", "has boxes that follow neither the cells of its feature maps nor its queries"),
            ("unnamed", "returns final boxes, but does not name its classes"),
            ("classify", "does not return boxes in a supported layout (it returns [1, 10])"),
            ("endless", "holds more than the limit of 536870912 values at a time"),
            ("gray", "expects [1, 1, 64, 64]"),
            ("huge", "expects [1, 3, 64, 1099511627776]"),
            ("inputs", "has 2 inputs"),
            ("last", "expects [1, 64, 64, 3]"),
            ("nms", "suppresses overlapping boxes itself"),
            ("outputs", "does not return boxes in a supported layout"),
            ("pose", "is a model for the task 'pose'"),
            ("prototypes", "has 4 mask coefficients per box but no prototypes"),
            ("terabytes", "holds more than the limit of 536870912 values at a time"),
            ("train", "returns its raw heads, and the file does not hold their anchors"),
            ("values", "does not return boxes in a supported layout (it returns [1, 84, 4])"),
        ]
    ) func refused(name: String, finding: String) throws {
        let error = try #require(throws: YOLOError.self) { try Self.network("refused-\(name).onnx") }
        #expect(error.code == .invalidModel)
        #expect(error.message.contains("it \(finding)"), "\(error)")
    }

    @Test("weights in another file belong to the model") func externalWeights() throws {
        let directory = try TemporaryDirectory()
        let name = "external-next.onnx"
        let (model, weights) = (try Self.bytes("exports/\(name)"), try Self.bytes("exports/\(name).data"))
        let file = try #require(ModelFile(path: try directory.write(name, model)))
        #expect(throws: YOLOError.self) { try Network(file: file, runtime: Runtime()) }
        try directory.write("\(name).data", weights)
        #expect(try Network(file: file, runtime: Runtime()).isDynamic)
        let sha256 = try file.sha256()
        try directory.write("\(name).data", weights.map { $0 ^ 1 })
        #expect(try file.sha256() != sha256)
    }

    private static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: Fixtures.url(name))) }

    @Test("weights outside of the model's folder are not read", arguments: ["parent", "absolute", "zero"])
    func outsideWeights(place: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("weights", try Self.bytes("exports/external-next.onnx.data"))
        let path = try directory.write("models/outside.onnx", Self.bytes("exports/refused-external-\(place).onnx"))
        let file = try #require(ModelFile(path: path))
        let error = try #require(throws: YOLOError.self) { try Network(file: file, runtime: Runtime()) }
        #expect(error.code == .invalidModel)
    }

    @Test("NaN anchors yield no NaN boxes") func notANumber() async throws {
        let network = try Self.network("whole-nan.onnx")
        #expect(network.layout.boxes == .rows && network.uncutReason != nil)
        // One of the 252 boxes for 64 x 64 pixels has a NaN height.
        let expected = Expected(height: 64, width: 64, threshold: 0, candidates: [])
        #expect(try await Self.run(network, on: expected).candidates.detections.count == 251)
    }
}

extension ExportTests {
    /// Candidates that PyTorch found.
    struct Expected: Decodable {
        var height: Int
        var width: Int
        var threshold: Float
        /// Centre x, centre y, width, height, score, class, mask coefficients.
        var candidates: [[Float]]
        /// Number of positive values in the mask of each candidate, of a network with a mask for each box.
        var masks: [Int]?

        static func load(_ file: String = "candidates") throws -> [String: Expected] {
            let data = try Data(contentsOf: URL(filePath: Fixtures.path("exports/\(file).json")))
            return try JSONDecoder().decode([String: Expected].self, from: data)
        }
    }

    struct Found: Sendable {
        var detections: [Detection]
        var coefficients: [[Float]]
        var masks: [Int] = []
    }

    /// Runs a network on the script's picture, and returns the candidates and the shape of the last output.
    static func run(
        _ network: Network,
        on expected: Expected
    ) async throws -> (candidates: Found, prototypes: [Int]) {
        try network.model.takePixels(dynamicSize: network.isDynamic)
        let compiled = try network.model.compile(CompileOptions(precision: .f32, streams: 1, threads: 1))
        let decoder = CandidateDecoder(
            layout: network.layout,
            options: DetectionOptions(confidenceThreshold: expected.threshold)
        )
        let coefficientCount = network.layout.maskCoefficientCount
        return try await compiled.withRequest { request in
            try request.withInputPixels(height: expected.height, width: expected.width) { pixels in
                for index in pixels.indices {
                    let (y, x, channel) = (index / 3 / expected.width, index / 3 % expected.width, index % 3)
                    pixels[index] = UInt8((x * x / 3 + 5 * x * y / 7 + 31 * y + 85 * channel) % 256)
                }
            }
            try await request.infer()
            return try request.withOutputs { outputs in
                let candidates = decoder.candidates(in: outputs)
                let coefficients = candidates.sources.map { source in
                    (0..<coefficientCount).map { outputs[source.output].values[source.offset + $0 * source.step] }
                }
                var found = Found(detections: candidates.detections, coefficients: coefficients)
                if network.layout.hasMaskPerBox, let masks = outputs.last {
                    found.masks = candidates.sources.map { masks.plane($0.offset).values.count { $0 > 0 } }
                }
                return (found, outputs.last?.dimensions ?? [])
            }
        }
    }
}
