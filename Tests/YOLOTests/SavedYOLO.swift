import TestSupport

/// A YOLOv5 model as training saves it, with as few layers as possible; tests modify and break it.
///
/// Every layer halves its input, and each head reads from the layer with its stride.
struct SavedYOLO {
    /// A layer, and the numbers of the layers that it reads from.
    struct Layer {
        var module: SavedValue
        var inputs = [-1]
    }

    /// The last layer.
    struct Head {
        var className = "models.yolo.Detect"
        var classCount: Int
        var inputs: [Int]
        var strides: [Float]
        /// Anchors in cells, `[heads, anchors, 2]`; nil omits them.
        var anchors: SavedTensor?
        var convolutions: [SavedValue]
        /// Number of mask coefficients, and the module that computes the prototypes.
        var masks: (coefficientCount: Int, prototypes: SavedValue)?
    }

    var layers: [Layer]
    var head: Head
    var names: SavedValue
    /// Longest side of the pictures in training, in pixels; nil omits it.
    var imageSize: Int?

    /// Creates a valid model.
    ///
    /// - Parameters:
    ///   - strides: Pixels per cell of each head, ascending powers of 2.
    ///   - anchors: Width and height in cells of each head's anchors.
    ///   - classCount: Number of classes, which are named by letters.
    ///   - width: Number of channels of every layer.
    ///   - coefficientCount: Number of mask coefficients per box; 0 creates a model without masks.
    ///   - activation: Class name of the layers' activations.
    init(
        strides: [Int] = [8, 16, 32],
        anchors: [(Float, Float)] = [(1, 2), (3, 1.5)],
        classCount: Int = 2,
        width: Int = 4,
        coefficientCount: Int = 0,
        activation: String = "torch.nn.modules.activation.SiLU"
    ) {
        let depth = (strides.max() ?? 1).trailingZeroBitCount
        layers = (0..<depth).map { index in
            Layer(module: .conv(index == 0 ? 3 : width, width, stride: 2, activation: .module(activation)))
        }
        let filters = anchors.count * (5 + classCount + coefficientCount)
        head = Head(
            classCount: classCount,
            inputs: strides.map { $0.trailingZeroBitCount - 1 },
            strides: strides.map(Float.init),
            anchors: SavedTensor(
                strides.flatMap { _ in anchors.flatMap { [$0.0, $0.1] } },
                shape: [strides.count, anchors.count, 2]
            ),
            convolutions: strides.map { _ in .convolution(width, filters, kernel: 1, bias: 0.5) }
        )
        if coefficientCount > 0 {
            head.className = "models.yolo.Segment"
            head.masks = (coefficientCount, .prototypes(width, coefficientCount))
        }
        names = .list((0..<classCount).map { .string(String(Unicode.Scalar(UInt8(ascii: "a") + UInt8($0 % 26)))) })
    }

    /// The model, `models.yolo.DetectionModel`.
    var model: SavedValue {
        let modules = layers.enumerated().map { index, layer in
            layer.module.with("i", .int(index)).with("f", layer.inputs.saved)
        }
        return .module(
            "models.yolo.DetectionModel",
            attributes: [("names", names)],
            modules: [("model", .sequential(modules + [savedHead]))]
        )
    }

    /// The checkpoint that training saves.
    var checkpoint: SavedValue {
        .dictionary([
            ("epoch", .int(-1)), ("model", model), ("ema", .none),
            ("opt", imageSize.map { .dictionary([("imgsz", .int($0))]) } ?? .none),
        ])
    }

    private var savedHead: SavedValue {
        var modules = [("m", SavedValue.moduleList(head.convolutions))]
        var attributes: [(String, SavedValue)] = [
            ("i", .int(layers.count)), ("f", head.inputs.saved), ("nc", .int(head.classCount)),
            ("stride", .tensor(SavedTensor(head.strides))),
        ]
        if let masks = head.masks {
            modules.append(("proto", masks.prototypes))
            attributes.append(("nm", .int(masks.coefficientCount)))
        }
        return .module(
            head.className,
            attributes: attributes,
            buffers: head.anchors.map { [("anchors", $0)] } ?? [],
            modules: modules
        )
    }
}

extension [Int] {
    /// Saved like YOLOv5's layer numbers: a number, or a list if there are several.
    fileprivate var saved: SavedValue {
        count == 1 ? .int(self[0]) : .list(map(SavedValue.int))
    }
}
