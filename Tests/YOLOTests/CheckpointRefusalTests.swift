import Inference
import TestSupport
import Testing
import YOLO

@Suite struct CheckpointRefusalTests {
    /// A change that makes a model invalid, and words that the error message must contain.
    struct Fault: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var words: [String]
        var spoil: @Sendable (inout SavedYOLO) -> Void

        init(_ name: String, says words: String..., spoil: @escaping @Sendable (inout SavedYOLO) -> Void) {
            testDescription = name
            self.words = words
            self.spoil = spoil
        }
    }

    static let layerFaults = [
        Fault("a block with attention", says: "model.3 (models.common.C3TR)", "ONNX") {
            $0.layers[3].module = .module("models.common.C3TR")
        },
        Fault("a block that reads texts", says: "model.3 (ultralytics.nn.modules.block.C2fAttn)", "ONNX") {
            $0.layers[3].module = .module("ultralytics.nn.modules.block.C2fAttn")
        },
        Fault("a block of a fork", says: "model.3 (ultralytics.nn.modules.block.EMA)", "ONNX") {
            $0.layers[3].module = .module("ultralytics.nn.modules.block.EMA")
        },
        Fault("a C2f without its modules", says: "model.3 (ultralytics.nn.modules.block.C2f)", "cv1") {
            $0.layers[3].module = .module("ultralytics.nn.modules.block.C2f")
        },
        Fault("an odd number of channels to split", says: "model.3 (ultralytics.nn.modules.block.C2f)", "odd") {
            $0.layers[3].module = .module(
                "ultralytics.nn.modules.block.C2f",
                modules: [("cv1", .conv(4, 3)), ("m", .sequential([])), ("cv2", .conv(3, 4))]
            )
        },
        Fault("attention without sizes", says: "model.3 (ultralytics.nn.modules.block.Attention)", "heads") {
            $0.layers[3].module = .module("ultralytics.nn.modules.block.Attention", modules: [("qkv", .conv(4, 8))])
        },
        Fault("attention of other sizes", says: "model.3 (ultralytics.nn.modules.block.Attention)", "8 channels") {
            $0.layers[3].module = .module(
                "ultralytics.nn.modules.block.Attention",
                attributes: [("num_heads", .int(1)), ("key_dim", .int(1 << 40)), ("head_dim", .int(4))],
                modules: [("qkv", .conv(4, 8))]
            )
        },
        Fault("a million pools", says: "model.3 (ultralytics.nn.modules.block.SPPF)", "pools") {
            $0.layers[3].module = .module(
                "ultralytics.nn.modules.block.SPPF",
                attributes: [("n", .int(1_000_000))],
                modules: [("cv1", .conv(4, 4)), ("m", .sequential([])), ("cv2", .conv(4, 4))]
            )
        },
        Fault("parts that do not add up", says: "model.3 (ultralytics.nn.modules.block.CBLinear)", "4 channels") {
            $0.layers[3].module = .module(
                "ultralytics.nn.modules.block.CBLinear",
                attributes: [("c2s", .list([.int(.max), .int(.max)]))],
                modules: [("conv", .convolution(4, 4))]
            )
        },
        Fault("a fusion of parts that do not exist", says: "model.3 (ultralytics.nn.modules.block.CBFuse)") {
            $0.layers[3].module = .module(
                "ultralytics.nn.modules.block.CBFuse",
                attributes: [("idx", .list([.int(7)]))]
            )
            $0.layers[3].inputs = [1, 2]
        },
        Fault("parallel convolutions that do not match", says: "model.3 (ultralytics.nn.modules.conv.RepConv)") {
            $0.layers[3].module = .module(
                "ultralytics.nn.modules.conv.RepConv",
                modules: [("conv1", .conv(4, 4)), ("conv2", .conv(4, 4, stride: 2)), ("act", .module("torch.nn.SiLU"))]
            )
        },
        Fault("a Conv of another package", says: "model.0 (mymodels.common.Conv)") {
            $0.layers[0].module = .module("mymodels.common.Conv", modules: [("conv", .convolution(3, 4))])
        },
        Fault("an unsupported activation", says: "model.1.act (torch.nn.modules.activation.GELU)") {
            $0.layers[1].module = .conv(4, 4, stride: 2, activation: .module("torch.nn.modules.activation.GELU"))
        },
        Fault("a wrong number of channels", says: "model.2 (models.common.Conv)", "4 channels") {
            $0.layers[2].module = .conv(8, 4, stride: 2)
        },
        Fault("no weight", says: "model.2 (torch.nn.modules.conv.Conv2d)", "weight") {
            $0.layers[2].module = .module("torch.nn.modules.conv.Conv2d", parameters: [("weight", nil)])
        },
        Fault("no convolution in a Conv", says: "model.2 (models.common.Conv)", "conv") {
            $0.layers[2].module = .module("models.common.Conv")
        },
        Fault("a weight that is not a kernel", says: "model.2 (torch.nn.modules.conv.Conv2d)", "weight") {
            $0.layers[2].module = .convolution(4, 4, weight: SavedTensor([1, 2, 3, 4], shape: [2, 2]))
        },
        Fault("a weight without filters", says: "model.2 (torch.nn.modules.conv.Conv2d)", "weight") {
            $0.layers[2].module = .convolution(4, 4, weight: SavedTensor([], shape: [0, 4, 3, 3]))
        },
        Fault("an empty kernel", says: "model.2 (torch.nn.modules.conv.Conv2d)") {
            $0.layers[2].module = .convolution(4, 4, weight: SavedTensor([], shape: [4, 4, 0, 3]))
        },
        Fault("a long name with control characters", says: "model.2.?[31mlayer?xxxxxxxx", "C3TR") { saved in
            let name = "\u{1B}[31mlayer\n" + String(repeating: "x", count: 100_000)
            saved.layers[2].module = .module(
                "torch.nn.modules.container.Sequential",
                modules: [(name, .module("models.common.C3TR"))]
            )
        },
        Fault("a bias of the wrong size", says: "model.2 (torch.nn.modules.conv.Conv2d)") {
            $0.layers[2].module = .module(
                "torch.nn.modules.conv.Conv2d",
                parameters: [
                    ("weight", SavedTensor([1, 2, 3, 4], shape: [1, 4, 1, 1])), ("bias", SavedTensor([1, 2])),
                ]
            )
        },
        Fault("groups that do not divide the channels", says: "model.2 (torch.nn.modules.conv.Conv2d)", "groups") {
            $0.layers[2].module = .convolution(4, 4).with("groups", .int(3))
        },
        Fault("zero groups", says: "model.2 (torch.nn.modules.conv.Conv2d)", "groups") {
            $0.layers[2].module = .convolution(4, 4).with("groups", .int(0))
        },
        Fault("a stride of 0", says: "model.2 (torch.nn.modules.conv.Conv2d)") {
            $0.layers[2].module = .convolution(4, 4).with("stride", .pair(0))
        },
        Fault("a negative padding", says: "model.2 (torch.nn.modules.conv.Conv2d)") {
            $0.layers[2].module = .convolution(4, 4).with("padding", .pair(-1))
        },
        Fault("a padding given as text", says: "model.2 (torch.nn.modules.conv.Conv2d)", "padding") {
            $0.layers[2].module = .convolution(4, 4).with("padding", .string("same"))
        },
        Fault("reflection padding", says: "model.2 (torch.nn.modules.conv.Conv2d)", "zeros") {
            $0.layers[2].module = .convolution(4, 4).with("padding_mode", .string("reflect"))
        },
        Fault("a stride along three axes", says: "model.2 (torch.nn.modules.conv.Conv2d)", "stride") {
            $0.layers[2].module = .convolution(4, 4).with("stride", .tuple([.int(1), .int(1), .int(1)]))
        },
        Fault(
            "a batch norm with a wrong number of channels",
            says: "model.2.bn (torch.nn.modules.batchnorm.BatchNorm2d)",
            "4 channels of its input"
        ) {
            $0.layers[2].module = .conv(4, 4, stride: 2, normalization: .batchNorm(3))
        },
        Fault("bilinear upsampling", says: "model.2 (torch.nn.modules.upsampling.Upsample)", "bilinear") {
            $0.layers[2].module = .upsample(.float(2), mode: "bilinear")
        },
        Fault("upsampling by 1.5", says: "model.2 (torch.nn.modules.upsampling.Upsample)") {
            $0.layers[2].module = .upsample(.float(1.5))
        },
        Fault("upsampling without a factor", says: "model.2 (torch.nn.modules.upsampling.Upsample)") {
            $0.layers[2].module = .upsample(.none)
        },
        Fault("upsampling by an enormous factor", says: "model.2 (torch.nn.modules.upsampling.Upsample)") {
            $0.layers[2].module = .upsample(.float(1e18))
        },
        Fault("pooling without a kernel size", says: "model.2 (torch.nn.modules.pooling.MaxPool2d)") {
            $0.layers[2].module = .module("torch.nn.modules.pooling.MaxPool2d")
        },
        Fault("dilated pooling", says: "model.2 (torch.nn.modules.pooling.MaxPool2d)", "dilation") {
            $0.layers[2].module = .module(
                "torch.nn.modules.pooling.MaxPool2d",
                attributes: [("kernel_size", .int(3)), ("stride", .int(2)), ("dilation", .int(2))]
            )
        },
        Fault("concatenation along the rows", says: "model.3 (models.common.Concat)") {
            $0.layers[3] = SavedYOLO.Layer(module: .concat(dimension: 2), inputs: [2, 2])
        },
        Fault("channels doubled too many times", says: "(models.common.Concat)", "channels") {
            $0.layers.append(SavedYOLO.Layer(module: .concat(), inputs: [-1, -1]))
            for _ in 0..<20 { $0.layers.append(SavedYOLO.Layer(module: .concat(), inputs: [-1, -1])) }
        },
        Fault("a residual of different channels", says: "model.3 (models.common.Bottleneck)", "4 and 8 channels") {
            $0.layers[3].module = .bottleneck(.conv(4, 4), .conv(4, 8))
        },
        Fault("a convolution with two inputs", says: "model.3 (models.common.Conv)", "2 inputs") {
            $0.layers[3].inputs = [1, 2]
        },
        Fault("no inputs", says: "model.3 (models.common.Conv)") { $0.layers[3].inputs = [] },
        Fault("a layer that reads from itself", says: "model.3 (models.common.Conv)", "layer 3") {
            $0.layers[3].inputs = [3]
        },
        Fault("a layer that reads from a later one", says: "model.1 (models.common.Conv)", "layer 4") {
            $0.layers[1].inputs = [4]
        },
        Fault("an input from before the first layer", says: "model.1 (models.common.Conv)", "layer -9") {
            $0.layers[1].inputs = [-9]
        },
        Fault("blocks nested too deep", says: "0.0.0.0 (torch.nn.modules.container.Sequential)", "deep") {
            for _ in 0..<40 { $0.layers[3].module = .sequential([$0.layers[3].module]) }
        },
        Fault("a block that contains itself", says: "contains itself") { $0.layers[3].module = .selfContaining },
    ]

    static let headFaults = [
        Fault("a classifier", says: "model.5 (models.common.Classify)", "ONNX") {
            $0.head.className = "models.common.Classify"
        },
        Fault("a pose model", says: "model.5 (ultralytics.nn.modules.head.Pose)", "pose", "detection") {
            $0.head.className = "ultralytics.nn.modules.head.Pose"
        },
        Fault("a model for oriented boxes", says: "(ultralytics.nn.modules.head.OBB)", "oriented") {
            $0.head.className = "ultralytics.nn.modules.head.OBB"
        },
        Fault("a transformer", says: "(ultralytics.nn.modules.head.RTDETRDecoder)", "ONNX") {
            $0.head.className = "ultralytics.nn.modules.head.RTDETRDecoder"
        },
        Fault("no anchors", says: "model.5 (models.yolo.Detect)", "anchors") { $0.head.anchors = nil },
        Fault("a NaN anchor", says: "model.5 (models.yolo.Detect)", "anchors") {
            $0.head.anchors = SavedTensor([1, 2, 3, 4, 5, 6, 7, 8, 9, .nan, 11, 12], shape: [3, 2, 2])
        },
        Fault("an anchor of width 0", says: "model.5 (models.yolo.Detect)", "anchors") {
            $0.head.anchors = SavedTensor([0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], shape: [3, 2, 2])
        },
        Fault("an infinite anchor", says: "model.5 (models.yolo.Detect)", "anchors") {
            $0.head.anchors = SavedTensor([.infinity, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], shape: [3, 2, 2])
        },
        Fault("anchors with two axes", says: "model.5 (models.yolo.Detect)", "anchors") {
            $0.head.anchors = SavedTensor([Float](repeating: 1, count: 12), shape: [3, 4])
        },
        Fault("anchors for too few heads", says: "model.5 (models.yolo.Detect)", "anchors") {
            $0.head.anchors = SavedTensor([Float](repeating: 1, count: 8), shape: [2, 2, 2])
        },
        Fault("heads without anchors", says: "model.5 (models.yolo.Detect)") {
            $0.head.anchors = SavedTensor([], shape: [3, 0, 2])
        },
        Fault("more heads than inputs", says: "model.5 (models.yolo.Detect)", "3 heads and 2 inputs") {
            $0.head.inputs = [2, 3]
        },
        Fault("more inputs than heads", says: "model.5 (models.yolo.Detect)", "3 heads and 4 inputs") {
            $0.head.inputs = [2, 3, 4, 4]
        },
        Fault("no heads", says: "model.5 (models.yolo.Detect)") {
            $0.head.convolutions = []
            $0.head.strides = []
            $0.head.anchors = SavedTensor([], shape: [0, 2, 2])
        },
        Fault("a head that is not a convolution", says: "model.5.m.1 (torch.nn.modules.linear.Linear)") {
            $0.head.convolutions[1] = .module("torch.nn.modules.linear.Linear")
        },
        Fault("classes without channels in the heads", says: "model.5 (models.yolo.Detect)", "14 channels") {
            $0.head.classCount = 3
        },
        Fault("no classes", says: "model.5 (models.yolo.Detect)", "classes") { $0.head.classCount = 0 },
        Fault("too many classes", says: "model.5 (models.yolo.Detect)", "classes") { $0.head.classCount = .max },
        Fault("a stride that is too large", says: "stride 64") { $0.head.strides = [8, 16, 64] },
        Fault("a stride that is too small", says: "stride 4") { $0.head.strides = [4, 16, 32] },
        Fault("a fractional stride", says: "model.5 (models.yolo.Detect)", "strides") {
            $0.head.strides = [8, 16, 32.5]
        },
        Fault("a stride of 0", says: "model.5 (models.yolo.Detect)", "strides") { $0.head.strides = [0, 16, 32] },
        Fault("a NaN stride", says: "model.5 (models.yolo.Detect)", "strides") {
            $0.head.strides = [8, .nan, 32]
        },
        Fault("strides for too few heads", says: "model.5 (models.yolo.Detect)", "strides") {
            $0.head.strides = [8, 16]
        },
    ]

    @Test("an invalid layer is rejected with an error that names it", arguments: layerFaults + headFaults)
    func refusal(fault: Fault) throws {
        var saved = SavedYOLO()
        fault.spoil(&saved)
        try Self.expectRefusal(of: saved.checkpoint, saying: fault.words)
    }

    static let maskFaults = [
        Fault("no prototypes", says: "model.5 (models.yolo.Segment)", "proto") { $0.head.masks = nil },
        Fault("a wrong number of prototypes", says: "model.5 (models.yolo.Segment)", "8 coefficients") {
            $0.head.masks = (8, .prototypes(4, 6))
        },
        Fault("coefficients without channels in the heads", says: "model.5 (models.yolo.Segment)", "30 channels") {
            $0.head.masks = (9, .prototypes(4, 9))
        },
        Fault("too many coefficients", says: "model.5 (models.yolo.Segment)") {
            $0.head.masks = (.max, .prototypes(4, 8))
        },
    ]

    @Test("an invalid segmentation head is rejected", arguments: maskFaults)
    func maskRefusal(fault: Fault) throws {
        var saved = SavedYOLO(coefficientCount: 8)
        fault.spoil(&saved)
        try Self.expectRefusal(of: saved.checkpoint, saying: fault.words)
    }

    // Faults that show in the graph once the picture's size is known.
    static let sizeFaults = [
        Fault("a residual of a different size") {
            $0.layers[3].module = .bottleneck(.conv(4, 4), .conv(4, 4, stride: 2))
        },
        Fault("concatenated layers of different sizes") {
            $0.layers.insert(SavedYOLO.Layer(module: .concat(), inputs: [1, 2]), at: 3)
            $0.layers[4].module = .conv(8, 4, stride: 2)
        },
        Fault("a window larger than the picture") {
            $0.layers[4].module = .module(
                "torch.nn.modules.pooling.MaxPool2d",
                attributes: [("kernel_size", .int(1000)), ("stride", .int(2))]
            )
        },
        Fault("an enormous feature map", says: "more than the limit of") { saved in
            let enlarged = (0..<4).map { _ in SavedYOLO.Layer(module: .upsample(.float(32))) }
            let pooled = (0..<4).map { _ in
                SavedYOLO.Layer(
                    module: .module("torch.nn.modules.pooling.MaxPool2d", attributes: [("kernel_size", .int(32))])
                )
            }
            saved.layers += enlarged + pooled
            saved.head.inputs = [2, 3, saved.layers.count - 1]
        },
    ]

    @Test("a network with inconsistent or excessive sizes is rejected", arguments: sizeFaults)
    func sizeRefusal(fault: Fault) throws {
        var saved = SavedYOLO()
        fault.spoil(&saved)
        try Self.expectRefusal(of: saved.checkpoint, saying: fault.words)
    }

    static let roots: [(name: String, words: [String], root: @Sendable () -> SavedValue)] = [
        ("only weights", ["state dict"], { .orderedDictionary([("model.0.weight", .tensor(SavedTensor([1])))]) }),
        (
            "a checkpoint with only weights", ["state dict"],
            { .dictionary([("model", .orderedDictionary([("model.0.weight", .tensor(SavedTensor([1])))]))]) }
        ),
        (
            "another framework's weights", ["state dict"],
            { .dictionary([("state_dict", .orderedDictionary([("w", .parameter(SavedTensor([1])))]))]) }
        ),
        ("nothing", ["no model"], { .none }),
        ("an empty dictionary", ["no model"], { .dictionary([(String, SavedValue)]()) }),
        ("a checkpoint without a model", ["no model"], { .dictionary([("model", .none), ("ema", .none)]) }),
        ("a model of another kind", ["timm.models.resnet.ResNet"], { .module("timm.models.resnet.ResNet") }),
        ("a model without layers", ["layers"], { .module("models.yolo.Model", modules: [("model", .sequential([]))]) }),
        (
            "a call instead of a model", ["os.system"],
            { .dictionary([("model", .call("os.system", [.string("true")]))]) }
        ),
        (
            "a weight expanded from a single number", ["far more elements"],
            {
                var saved = SavedYOLO()
                let storage = SavedStorage([1])
                let weight = SavedTensor(storage: storage, shape: [4, 4, 5000, 5000], strides: [0, 0, 0, 0])
                saved.layers[2].module = .convolution(4, 4, weight: weight)
                return saved.checkpoint
            }
        ),
    ]

    @Test("a file without a YOLO model is rejected with an error that says what it holds", arguments: roots.indices)
    func rootRefusal(index: Int) throws {
        try Self.expectRefusal(of: Self.roots[index].root(), saying: Self.roots[index].words)
    }

    private static func expectRefusal(of root: SavedValue, saying words: [String]) throws {
        let folder = try TemporaryDirectory()
        let file = try folder.save(root)
        #expect {
            try Network(file: file, runtime: Runtime())
        } throws: { error in
            guard let error = error as? YOLOError, error.code == .invalidModel else { return false }
            let missing = words.filter { !error.message.contains($0) }
            #expect(missing.isEmpty, "\(error.message)")
            return true
        }
    }
}
