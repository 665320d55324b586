import Foundation
import Inference
import TestSupport
import Testing
import YOLO

@Suite struct SavedYOLOTests {
    /// Properties of a model.
    struct Form: Sendable, CustomTestStringConvertible {
        var strides = [8, 16, 32]
        var anchors: [(Float, Float)] = [(1, 2), (3, 1.5)]
        var classCount = 2
        var width = 4
        var coefficientCount = 0

        var testDescription: String {
            "strides \(strides), \(anchors.count) anchors, \(classCount) classes, \(width) channels, "
                + "\(coefficientCount) coefficients"
        }
    }

    static let forms = [
        Form(),
        Form(strides: [8, 16, 32, 64]),
        Form(strides: [4, 8, 16, 32]),
        Form(strides: [16]),
        Form(anchors: [(0.5, 40)]),
        Form(anchors: (1...9).map { (Float($0), 1) }),
        Form(classCount: 1, width: 1),
        Form(classCount: 365, width: 7),
        Form(coefficientCount: 32),
        Form(strides: [8, 16, 32, 64], coefficientCount: 5),
    ]

    @Test("the heads of any form of model are read", arguments: forms)
    func heads(form: Form) throws {
        let saved = SavedYOLO(
            strides: form.strides,
            anchors: form.anchors,
            classCount: form.classCount,
            width: form.width,
            coefficientCount: form.coefficientCount
        )
        let folder = try TemporaryDirectory()
        let network = try Network(file: folder.save(saved.checkpoint), runtime: Runtime())
        // Anchors are saved in cells.
        let heads = form.strides.map { stride in
            DetectionHead(
                stride: stride,
                anchors: form.anchors.map {
                    DetectionHead.Anchor(width: $0.0 * Float(stride), height: $0.1 * Float(stride))
                },
                valuesPerAnchor: 5 + form.classCount + form.coefficientCount
            )
        }
        #expect(network.layout.boxes == .heads(heads))
        #expect(network.layout.classCount == form.classCount && network.labels.count == form.classCount)
        #expect(network.layout.maskCoefficientCount == form.coefficientCount)
        #expect(network.stride == form.strides.max())
        let side = try #require(form.strides.max()) > 32 ? 1280 : 640
        #expect(network.inputSide == side)
        let outputs = try network.sized.outputs.map { $0?.dimensions }
        let channels = form.anchors.count * (5 + form.classCount + form.coefficientCount)
        var expected = form.strides.map { [1, channels, side / $0, side / $0] }
        if form.coefficientCount > 0 {
            // Prototypes have twice as many rows and columns as the first head.
            expected.append([1, form.coefficientCount, side / form.strides[0] * 2, side / form.strides[0] * 2])
        }
        #expect(outputs == expected)
    }

    @Test(
        "the input side is that of training, rounded up to a multiple of the coarsest stride",
        arguments: [(320, 320), (416, 416), (500, 512), (31, 640), (5000, 640)]
    )
    func side(imageSize: Int, expected: Int) throws {
        var saved = SavedYOLO()
        saved.imageSize = imageSize
        let folder = try TemporaryDirectory()
        #expect(try Network(file: folder.save(saved.checkpoint), runtime: Runtime()).inputSide == expected)
    }

    @Test(
        "YOLOv5's classes are recognised in its source tree and in its package",
        arguments: ["models.common.Conv", "yolov5.models.common.Conv", "models.common.DWConv"]
    )
    func packages(className: String) throws {
        var saved = SavedYOLO()
        saved.layers[0].module = .module(
            className,
            modules: [
                ("conv", .convolution(3, 4, stride: 2)), ("act", .module("torch.nn.modules.activation.ReLU")),
            ]
        )
        let folder = try TemporaryDirectory()
        #expect(try Network(file: folder.save(saved.checkpoint), runtime: Runtime()).stride == 32)
    }

    static let names: [(names: @Sendable () -> SavedValue, expected: [String])] = [
        ({ .list([.string("x"), .string("y")]) }, ["x", "y"]),
        ({ .list([.string("x")]) }, ["x", "class 1"]),
        ({ .list([.string("x"), .string("y"), .string("z")]) }, ["x", "y"]),
        ({ .list([.int(7), .string("y")]) }, ["class 0", "y"]),
        ({ .dictionary([(.int(1), .string("y")), (.int(0), .string("x"))]) }, ["x", "y"]),
        ({ .dictionary([(.int(1), .string("y")), (.int(9), .string("z"))]) }, ["class 0", "y"]),
        ({ .none }, ["class 0", "class 1"]),
    ]

    @Test("every class has exactly one name, whatever the file contains", arguments: names.indices)
    func labels(index: Int) throws {
        var saved = SavedYOLO()
        saved.names = Self.names[index].names()
        let folder = try TemporaryDirectory()
        let network = try Network(file: folder.save(saved.checkpoint), runtime: Runtime())
        #expect(network.labels == Self.names[index].expected)
    }

    // Each function as defined in PyTorch's documentation.
    static let activations: [(className: String, function: @Sendable (Double) -> Double)] = [
        ("torch.nn.modules.activation.SiLU", { $0 / (1 + exp(-$0)) }),
        ("utils.activations.SiLU", { $0 / (1 + exp(-$0)) }),
        ("torch.nn.modules.activation.LeakyReLU", { $0 < 0 ? 0.01 * $0 : $0 }),
        ("torch.nn.modules.activation.ReLU", { max($0, 0) }),
        ("torch.nn.modules.activation.Hardswish", { $0 * min(max($0 + 3, 0), 6) / 6 }),
        ("utils.activations.Hardswish", { $0 * min(max($0 + 3, 0), 6) / 6 }),
        ("torch.nn.modules.activation.Mish", { $0 * tanh(log(1 + exp($0))) }),
        ("torch.nn.modules.activation.Sigmoid", { 1 / (1 + exp(-$0)) }),
        ("torch.nn.modules.linear.Identity", { $0 }),
    ]

    @Test("convolution, batch norm and activation match a computation by hand", arguments: activations.indices)
    func arithmetic(index: Int) async throws {
        let (className, function) = Self.activations[index]
        var saved = SavedYOLO(strides: [2], anchors: [(1, 1)], classCount: 1, width: 1)
        let red = SavedTensor([1, 0, 0], shape: [1, 3, 1, 1])
        saved.layers = [
            SavedYOLO.Layer(
                module: .module(
                    "models.common.Conv",
                    modules: [
                        ("conv", .convolution(3, 1, kernel: 1, stride: 2, weight: red, bias: 0.25)),
                        ("bn", .batchNorm(1, gamma: 3, beta: -0.5, mean: 0.5, variance: 0.2, epsilon: 0.05)),
                        ("act", .module(className)),
                    ]
                )
            )
        ]
        saved.head.convolutions = [
            .convolution(1, 6, kernel: 1, weight: SavedTensor([1, 2, 3, 4, 5, 6], shape: [6, 1, 1, 1]), bias: 0.125)
        ]
        let folder = try TemporaryDirectory()
        let network = try Network(file: folder.save(saved.checkpoint), runtime: Runtime())
        // Only every second row and column counts: the red values of the first and third of 8 pixels.
        let pixels = [UInt8](unsafeUninitializedCapacity: 24) { pixels, count in
            for index in 0..<24 { pixels.initializeElement(at: index, to: 255) }
            pixels[0] = 0
            pixels[6] = 102
            count = 24
        }
        let outputs = try await network.compiled().outputs(height: 2, width: 4, pixels: pixels)
        // (x + bias - mean) * gamma / sqrt(variance + epsilon) + beta, and the square root of 0.25 is 0.5.
        let reds: [Double] = [0, 0.4]
        let activated = reds.map { function(($0 + 0.25 - 0.5) * 3 / 0.5 - 0.5) }
        let expected = (1...6).flatMap { filter in activated.map { Float(Double(filter) * $0 + 0.125) } }
        #expect(outputs.map(\.shape) == [[1, 6, 1, 2]])
        #expect(zip(outputs[0].values, expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(outputs[0].values) \(expected)")
    }

    // 3x3x3x4 or 3x3x4x4 weights and 4 + 4 of a batch norm per layer, 1x1x4x14 weights and 14 biases per head; all
    // layers but one halve the sides.
    @Test("an inspection lists the layers of a checkpoint") func inspection() throws {
        var saved = SavedYOLO(strides: [8, 16])
        saved.layers.insert(SavedYOLO.Layer(module: .conv(4, 4), inputs: [2]), at: 3)
        saved.head.inputs = [3, 4]
        saved.imageSize = 64
        let folder = try TemporaryDirectory()
        let inspection = try ModelInspection(file: folder.save(saved.checkpoint, as: "tiny.pt"), runtime: Runtime())
        #expect(inspection.layers.map(\.inputs) == [[], [0], [1], [2], [3], [3, 4]])
        #expect(inspection.layers.map(\.parameters) == [116, 152, 152, 152, 152, 140])
        let convs = [String](repeating: "models.common.Conv", count: 5)
        #expect(inspection.layers.map(\.type) == convs + ["models.yolo.Detect"])
        #expect(inspection.layers.map(\.name) == (0...5).map { "model.\($0)" })
        #expect(
            inspection.layers.map { $0.output?.dimensions } == [
                [1, 4, 32, 32], [1, 4, 16, 16], [1, 4, 8, 8], [1, 4, 8, 8], [1, 4, 4, 4], nil,
            ]
        )
        #expect(inspection.file.name == "tiny" && inspection.task == .detect && inspection.labels == ["a", "b"])
        #expect(inspection.heads.map(\.stride) == [8, 16])
        #expect(inspection.heads.first?.anchors.map(\.width) == [8, 24])
        #expect(inspection.isDynamic && inspection.uncutReason == nil && inspection.inputSide == 64)
        // Folded batch norms leave 4 biases per layer instead of 8 numbers.
        #expect(inspection.cost.parameters == 864 - 5 * 4)
    }
}
