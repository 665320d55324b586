import TestSupport

/// Saved layers of PyTorch and YOLOv5.
extension SavedValue {
    /// `models.common.Conv`: a convolution, a batch norm, an activation.
    static func conv(
        _ channels: Int,
        _ filters: Int,
        kernel: Int = 3,
        stride: Int = 1,
        normalization: SavedValue? = nil,
        activation: SavedValue = .module("torch.nn.modules.activation.SiLU")
    ) -> SavedValue {
        .module(
            "models.common.Conv",
            modules: [
                ("conv", .convolution(channels, filters, kernel: kernel, stride: stride)),
                ("bn", normalization ?? .batchNorm(filters)),
                ("act", activation),
            ]
        )
    }

    /// `torch.nn.Conv2d`, padded so that only its stride reduces the picture's size.
    static func convolution(
        _ channels: Int,
        _ filters: Int,
        kernel: Int = 3,
        stride: Int = 1,
        weight: SavedTensor? = nil,
        bias: Float? = nil
    ) -> SavedValue {
        let weights = (0..<filters * channels * kernel * kernel).map { Float($0 * 7 % 11 - 5) / 32 }
        return .module(
            "torch.nn.modules.conv.Conv2d",
            attributes: [
                ("stride", .pair(stride)), ("padding", .pair(kernel / 2)), ("dilation", .pair(1)), ("groups", .int(1)),
                ("padding_mode", .string("zeros")),
            ],
            parameters: [
                ("weight", weight ?? SavedTensor(weights, shape: [filters, channels, kernel, kernel], as: .float16)),
                ("bias", bias.map { SavedTensor([Float](repeating: $0, count: filters), as: .float16) }),
            ]
        )
    }

    /// `torch.nn.BatchNorm2d` with the same numbers for every channel.
    static func batchNorm(
        _ channels: Int,
        gamma: Float = 1,
        beta: Float = 0,
        mean: Float = 0,
        variance: Float = 1,
        epsilon: Double = 0.001
    ) -> SavedValue {
        let tensor = { (value: Float) in SavedTensor([Float](repeating: value, count: channels)) }
        return .module(
            "torch.nn.modules.batchnorm.BatchNorm2d",
            attributes: [("eps", .float(epsilon))],
            parameters: [("weight", tensor(gamma)), ("bias", tensor(beta))],
            buffers: [
                ("running_mean", tensor(mean)), ("running_var", tensor(variance)),
                ("num_batches_tracked", SavedTensor(scalar: 9, as: .int64)),
            ]
        )
    }

    /// `models.common.Bottleneck`.
    static func bottleneck(_ first: SavedValue, _ second: SavedValue, isResidual: Bool = true) -> SavedValue {
        .module(
            "models.common.Bottleneck",
            attributes: [("add", .bool(isResidual))],
            modules: [("cv1", first), ("cv2", second)]
        )
    }

    /// `models.common.Proto`.
    static func prototypes(_ channels: Int, _ filters: Int) -> SavedValue {
        .module(
            "models.common.Proto",
            modules: [
                ("cv1", .conv(channels, channels)), ("upsample", .upsample(.float(2))),
                ("cv2", .conv(channels, channels)), ("cv3", .conv(channels, filters, kernel: 1)),
            ]
        )
    }

    /// `torch.nn.Upsample`.
    static func upsample(_ factor: SavedValue, mode: String = "nearest") -> SavedValue {
        .module(
            "torch.nn.modules.upsampling.Upsample",
            attributes: [("scale_factor", factor), ("mode", .string(mode))]
        )
    }

    /// `models.common.Concat`.
    static func concat(dimension: Int = 1) -> SavedValue {
        .module("models.common.Concat", attributes: [("d", .int(dimension))])
    }

    /// A size that is the same along both axes.
    static func pair(_ side: Int) -> SavedValue { .tuple([.int(side), .int(side)]) }

    /// Returns the module with an attribute set.
    func with(_ name: String, _ value: SavedValue) -> SavedValue {
        guard case .object(let className, .dictionary(let entries)) = self else { return self }
        let kept = entries.filter { key, _ in
            if case .string(name) = key { false } else { true }
        }
        return .object(className: className, state: .dictionary(kept + [(.string(name), value)]))
    }

    /// A module that contains itself under the name `conv`.
    static var selfContaining: SavedValue {
        let place = littleEndian(UInt32.max)
        let text = { (text: String) in [UInt8(ascii: "X")] + littleEndian(UInt32(text.utf8.count)) + Array(text.utf8) }
        // Creates a Conv, stores it in the memo, and sets its state to {"_modules": {"conv": <the memo's entry>}}.
        var opcodes = Array("cmodels.common\nConv\n)".utf8) + [0x81, UInt8(ascii: "r")] + place
        opcodes += Array("}(".utf8) + text("_modules") + Array("}(".utf8) + text("conv")
        opcodes += [UInt8(ascii: "j")] + place + Array("uub".utf8)
        return .opcodes(opcodes)
    }
}
