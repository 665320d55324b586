internal import Inference
internal import PyTorch

/// Converts the modules of a checkpoint to operations of a network.
///
/// Supports the layers of YOLOv5's releases and of the detection and segmentation models of the Ultralytics package,
/// identified by class name; a method with the same name builds each.
/// - SeeAlso: Ultralytics YOLOv5 v7.0, `models/common.py`, `models/experimental.py`; for `Focus` and
///   `BottleneckCSP`, its v3.0; Ultralytics 8.4, `nn/modules/block.py`, `conv.py`.
struct LayerBuilder {
    typealias Value = NetworkBuilder.Value
    typealias Extent = NetworkBuilder.Window.Extent

    /// Maximum number of modules in a network.
    static let maximumModules = 20_000
    /// Maximum number of channels of a value.
    static let maximumChannels = 1 << 16

    let operations: NetworkBuilder
    private var budget: Budget

    /// Creates a builder.
    ///
    /// - Parameters:
    ///   - operations: Receives the operations.
    ///   - maximumWeights: Maximum number of weights in the network.
    init(_ operations: NetworkBuilder, maximumWeights: Int) {
        self.operations = operations
        budget = Budget(maximumWeights: maximumWeights)
    }

    /// Builds a layer of the model.
    ///
    /// - Parameters:
    ///   - module: Layer to build.
    ///   - inputs: Outputs of the layers that it reads from.
    /// - Returns: Its output; several for `CBLinear`.
    /// - Throws: ``ModuleError`` if the layer is unsupported or invalid.
    mutating func buildLayer(_ module: Module, _ inputs: [[Value]]) throws -> [Value] {
        switch module.kind {
        case "CBLinear":
            try budget.spend(on: module)
            return try module.explaining { try cbLinear(module, single(inputs, of: module)) }
        case "CBFuse":
            try budget.spend(on: module)
            return try module.explaining { [try cbFuse(module, inputs)] }
        default: return [try build(module, inputs.map { try single([$0], of: module) })]
        }
    }

    private func single(_ inputs: [[Value]], of module: Module) throws -> Value {
        guard inputs.count == 1, inputs[0].count == 1 else { throw module.error("needs one input") }
        return inputs[0][0]
    }

    /// Builds a module that has one input.
    mutating func build(_ module: Module, _ input: Value) throws -> Value {
        try build(module, [input])
    }

    /// Builds a module.
    ///
    /// - Parameters:
    ///   - module: Module to build.
    ///   - inputs: Inputs of the module: several for `Concat`, one for all others.
    /// - Returns: The module's output.
    /// - Throws: ``ModuleError`` if the module is unsupported or invalid.
    mutating func build(_ module: Module, _ inputs: [Value]) throws -> Value {
        try budget.spend(on: module)
        let value = try module.explaining {
            if module.kind == "Concat" { return try concat(module, inputs) }
            guard inputs.count == 1 else { throw module.error("has \(inputs.count) inputs instead of one") }
            return try build(module, of: module.kind, inputs[0])
        }
        guard operations.channels(of: value) <= Self.maximumChannels else {
            throw module.error("has more than \(Self.maximumChannels) channels")
        }
        return value
    }

    private mutating func build(_ module: Module, of kind: String, _ input: Value) throws -> Value {
        switch kind {
        case "Conv", "DWConv": try conv(module, input)
        case "RepConv": try repConv(module, input)
        case "RepVGGDW": try repVGGDW(module, input)
        case "ConvTranspose": try convTranspose(module, input)
        case "Focus": try focus(module, input)
        case "Bottleneck", "CrossConv", "RepBottleneck": try bottleneck(module, input)
        case "BottleneckCSP": try bottleneckCSP(module, input)
        // The experimental C3 of early releases is a BottleneckCSP with other blocks inside.
        case "C3" where module.optionalModule("cv4") != nil: try bottleneckCSP(module, input)
        case "C3", "C3SPP", "C3Ghost", "C3x", "C3k", "RepCSP": try c3(module, input)
        case "C1": try c1(module, input)
        case "C2", "C2PSA": try c2(module, input)
        case "C2f", "C3k2", "C2fCIB", "C2fPSA": try c2f(module, input)
        case "C3f": try c3f(module, input)
        case "A2C2f": try a2c2f(module, input)
        case "RepNCSPELAN4", "ELAN1": try elan(module, input)
        case "CIB": try cib(module, input)
        case "PSA": try psa(module, input)
        case "PSABlock": try psaBlock(module, input)
        case "ABlock": try aBlock(module, input)
        case "Attention": try attention(module, input)
        case "AAttn": try aAttn(module, input)
        case "SPP": try spp(module, input)
        case "SPPF": try sppf(module, input)
        case "SPPELAN": try sppelan(module, input)
        case "AConv": try aConv(module, input)
        case "ADown": try aDown(module, input)
        case "SCDown": try build(module.module("cv2"), build(module.module("cv1"), input))
        case "GhostConv": try ghostConv(module, input)
        case "GhostBottleneck":
            try operations.sum(
                build(module.module("conv"), input),
                build(module.module("shortcut"), input)
            )
        case "Proto": try proto(module, input)
        case "Sequential": try module.modules.reduce(input) { try build($1, $0) }
        case "Identity", "Dropout": input
        case "Conv2d": try convolution(module, normalization: nil, input)
        case "ConvTranspose2d": try transposedConvolution(module, normalization: nil, input)
        case "ZeroPad2d": try zeroPad(module, input)
        case "BatchNorm2d": try normalization(module, input)
        case "MaxPool2d": try maximumPool(module, input)
        case "Upsample": try upsample(module, input)
        default: try operations.activation(input, module.activation())
        }
    }
}

extension LayerBuilder {
    /// Limits on a network, far above any YOLOv5, so that a malicious file cannot exhaust memory.
    private struct Budget {
        private static let maximumDepth = 32

        let maximumWeights: Int
        private var modules = 0
        private var weights = 0

        init(maximumWeights: Int) {
            self.maximumWeights = maximumWeights
        }

        mutating func spend(on module: Module) throws {
            modules += 1
            guard modules <= LayerBuilder.maximumModules, module.depth <= Self.maximumDepth else {
                throw module.error("exceeds the maximum number of modules, or is nested too deep")
            }
        }

        mutating func spend(weights count: Int, of module: Module) throws {
            let (sum, overflow) = weights.addingReportingOverflow(count)
            guard !overflow, sum <= maximumWeights else {
                throw module.error("brings the network above its limit of \(maximumWeights) weights")
            }
            weights = sum
        }
    }

    /// A convolution's parameters.
    struct Convolution {
        /// `[filters, channels / groups, height, width]`, or `[channels, filters, height, width]` if transposed.
        var weights: [Float]
        var bias: [Float]?
        var filters: Int
        var groups: Int
        var window: NetworkBuilder.Window
    }

    /// Builds a convolution, with the batch norm that follows it folded in.
    mutating func convolution(_ module: Module, normalization: Module?, _ input: Value) throws -> Value {
        try build(folded(module, normalization: normalization), input)
    }

    func build(_ convolution: Convolution, _ input: Value) throws -> Value {
        try operations.convolution(
            input,
            weights: convolution.weights,
            bias: convolution.bias,
            filters: convolution.filters,
            groups: convolution.groups,
            window: convolution.window
        )
    }

    /// Builds a transposed convolution, with the batch norm that follows it folded in.
    mutating func transposedConvolution(_ module: Module, normalization: Module?, _ input: Value) throws -> Value {
        let outputPadding = try module.extent("output_padding") ?? Extent(height: 0, width: 0)
        guard outputPadding == Extent(height: 0, width: 0), module.integer("groups") ?? 1 == 1 else {
            throw module.error("has groups or an output padding, which are not supported")
        }
        let convolution = try folded(module, normalization: normalization, isTransposed: true)
        return try operations.transposedConvolution(
            input,
            weights: convolution.weights,
            bias: convolution.bias,
            filters: convolution.filters,
            window: convolution.window
        )
    }

    /// Reads a convolution, and folds the batch norm that follows it into it.
    ///
    /// Scale = gamma / sqrt(variance + epsilon); the weights are multiplied by it, and the bias becomes
    /// beta + (bias - mean) * scale, all in single precision.
    mutating func folded(
        _ module: Module,
        normalization: Module?,
        isTransposed: Bool = false
    ) throws -> Convolution {
        let tensor = try module.tensor("weight")
        guard tensor.shape.count == 4, tensor.shape.allSatisfy({ $0 > 0 }) else {
            throw module.error("has a weight of a shape other than [filters, channels, height, width]")
        }
        let filters = tensor.shape[isTransposed ? 1 : 0]
        try budget.spend(weights: tensor.count, of: module)
        var weights = tensor.floats()
        var bias = try module.floats("bias")
        if let normalization {
            let (scale, shift) = try affine(normalization, channels: filters)
            let kernel = tensor.shape[2] * tensor.shape[3]
            // Neighbouring weights belong to the same filter, for as long as a kernel, or as all kernels of a filter.
            let run = isTransposed ? kernel : weights.count / filters
            for start in stride(from: 0, to: weights.count, by: run) {
                let factor = scale[start / run % filters]
                for index in start..<start + run { weights[index] *= factor }
            }
            guard bias?.count ?? filters == filters else { throw module.error("has a bias of the wrong size") }
            let unscaled = bias
            bias = (0..<filters).map { shift[$0] + (unscaled?[$0] ?? 0) * scale[$0] }
        }
        guard module.text("padding_mode") ?? "zeros" == "zeros" else {
            throw module.error("uses a padding mode other than zeros")
        }
        return Convolution(
            weights: weights,
            bias: bias,
            filters: filters,
            groups: module.integer("groups") ?? 1,
            window: NetworkBuilder.Window(
                kernel: Extent(height: tensor.shape[2], width: tensor.shape[3]),
                stride: try module.extent("stride") ?? Extent(height: 1, width: 1),
                padding: try module.extent("padding") ?? Extent(height: 0, width: 0),
                dilation: try module.extent("dilation") ?? Extent(height: 1, width: 1)
            )
        )
    }

    /// Builds a batch norm that does not follow a convolution.
    func normalization(_ module: Module, _ input: Value) throws -> Value {
        let (scale, shift) = try affine(module, channels: operations.channels(of: input))
        return try operations.affine(input, scale: scale, shift: shift)
    }

    /// Returns the factor and the offset that a trained batch norm applies to each channel.
    private func affine(_ module: Module, channels: Int) throws -> (scale: [Float], shift: [Float]) {
        let mean = try module.requiredFloats("running_mean")
        let variance = try module.requiredFloats("running_var")
        let gamma = try module.floats("weight") ?? [Float](repeating: 1, count: channels)
        let beta = try module.floats("bias") ?? [Float](repeating: 0, count: channels)
        guard [mean, variance, gamma, beta].allSatisfy({ $0.count == channels }) else {
            throw module.error("has parameters that do not match the \(channels) channels of its input")
        }
        let epsilon = Float(module.number("eps") ?? 1e-5)
        let scale = (0..<channels).map { gamma[$0] / (variance[$0] + epsilon).squareRoot() }
        return (scale, (0..<channels).map { beta[$0] - mean[$0] * scale[$0] })
    }

    private func maximumPool(_ module: Module, _ input: Value) throws -> Value {
        guard let kernel = try module.extent("kernel_size") else { throw module.error("has no kernel size") }
        guard try module.extent("dilation") ?? Extent(height: 1, width: 1) == Extent(height: 1, width: 1) else {
            throw module.error("has a dilation, which is not supported for pooling")
        }
        guard !(module.bool("ceil_mode") ?? false) else { throw module.error("has an unsupported ceil_mode") }
        return try operations.maximumPool(
            input,
            window: NetworkBuilder.Window(
                kernel: kernel,
                stride: module.extent("stride") ?? kernel,
                padding: module.extent("padding") ?? Extent(height: 0, width: 0)
            )
        )
    }

    private func zeroPad(_ module: Module, _ input: Value) throws -> Value {
        let sides = module.attribute("padding")?.list?.compactMap(\.int) ?? []
        guard sides.count == 4 else { throw module.error("has an unsupported padding") }
        return try operations.padded(input, left: sides[0], right: sides[1], top: sides[2], bottom: sides[3])
    }

    private func upsample(_ module: Module, _ input: Value) throws -> Value {
        let mode = module.text("mode") ?? "nearest"
        guard mode == "nearest", let scale = module.number("scale_factor"), let factor = Int(exactly: scale) else {
            throw module.error("has an unsupported mode (\(mode)) or scale factor")
        }
        return try operations.upsample(input, factor: factor)
    }

    private func concat(_ module: Module, _ inputs: [Value]) throws -> Value {
        guard module.integer("d") ?? 1 == 1 else { throw module.error("concatenates along an unsupported axis") }
        return try operations.concatenation(inputs)
    }
}
