internal import Inference
internal import PyTorch

/// The blocks of YOLOv5 and their successors that have convolutions only, each computed as in its `forward`.
extension LayerBuilder {
    /// Computes `act(bn(conv(x)))`.
    mutating func conv(_ module: Module, _ x: Value) throws -> Value {
        let normalization = module.optionalModule("bn")
        let convolved = try convolution(module.module("conv"), normalization: normalization, x)
        guard let activation = module.optionalModule("act") else { return convolved }
        return try build(activation, convolved)
    }

    /// Splits the picture into four, each of every second row and column, and applies `conv` to their concatenation.
    mutating func focus(_ module: Module, _ x: Value) throws -> Value {
        let quarters = try [(0, 0), (1, 0), (0, 1), (1, 1)].map { row, column in
            try operations.everySecond(x, row: row, column: column)
        }
        return try build(module.module("conv"), operations.concatenation(quarters))
    }

    /// Computes `cv2(cv1(x))`, plus `x` if the block is residual.
    mutating func bottleneck(_ module: Module, _ x: Value) throws -> Value {
        let y = try build(module.module("cv2"), build(module.module("cv1"), x))
        return module.bool("add") ?? false ? try operations.sum(x, y) : y
    }

    /// Computes `cv4(act(bn(cat(cv3(m(cv1(x))), cv2(x)))))`.
    mutating func bottleneckCSP(_ module: Module, _ x: Value) throws -> Value {
        let deep = try build(module.module("m"), build(module.module("cv1"), x))
        let joined = try operations.concatenation([
            build(module.module("cv3"), deep), build(module.module("cv2"), x),
        ])
        let normalized = try build(module.module("bn"), joined)
        return try build(module.module("cv4"), build(module.module("act"), normalized))
    }

    /// Computes `cv3(cat(m(cv1(x)), cv2(x)))`.
    mutating func c3(_ module: Module, _ x: Value) throws -> Value {
        let deep = try build(module.module("m"), build(module.module("cv1"), x))
        return try build(module.module("cv3"), operations.concatenation([deep, build(module.module("cv2"), x)]))
    }

    /// Computes `cv2(cat(y, m[0](y), m[1](y), …))`, where `y` is `cv1(x)`.
    mutating func spp(_ module: Module, _ x: Value) throws -> Value {
        let y = try build(module.module("cv1"), x)
        let pooled = try module.module("m").modules.map { try build($0, y) }
        return try build(module.module("cv2"), operations.concatenation([y] + pooled))
    }

    /// Computes `cv2(cat(y, m(y), m(m(y)), …))`, where `y` is `cv1(x)`, plus `x` if the block is residual.
    ///
    /// There are three pools, unless the module says how many.
    mutating func sppf(_ module: Module, _ x: Value) throws -> Value {
        let pool = try module.module("m")
        let count = module.integer("n") ?? 3
        guard (1...16).contains(count) else { throw module.error("has \(count) pools") }
        let pooled = try chain([build(module.module("cv1"), x)], Array(repeating: pool, count: count))
        let y = try build(module.module("cv2"), operations.concatenation(pooled))
        return module.bool("add") ?? false ? try operations.sum(x, y) : y
    }

    /// Computes `cat(y, cv2(y))`, where `y` is `cv1(x)`.
    mutating func ghostConv(_ module: Module, _ x: Value) throws -> Value {
        let y = try build(module.module("cv1"), x)
        return try operations.concatenation([y, build(module.module("cv2"), y)])
    }

    /// Computes `cv3(cv2(upsample(cv1(x))))`, the mask prototypes.
    mutating func proto(_ module: Module, _ x: Value) throws -> Value {
        try ["cv1", "upsample", "cv2", "cv3"].reduce(x) { value, name in try build(module.module(name), value) }
    }

    /// Appends to `values` the outputs of modules that each read the last value.
    mutating func chain(_ values: [Value], _ modules: [Module]) throws -> [Value] {
        try modules.reduce(into: values) { values, module in
            values.append(try build(module, values[values.count - 1]))
        }
    }

    /// Computes `cv1(x)` in two halves.
    mutating func halves(_ module: Module, _ x: Value) throws -> [Value] {
        let y = try build(module.module("cv1"), x)
        let channels = operations.channels(of: y)
        guard channels.isMultiple(of: 2) else { throw module.error("has an odd number of channels to split") }
        return try operations.split(y, into: [channels / 2, channels / 2])
    }

    /// Computes `m(y) + y`, where `y` is `cv1(x)`.
    mutating func c1(_ module: Module, _ x: Value) throws -> Value {
        let y = try build(module.module("cv1"), x)
        return try operations.sum(build(module.module("m"), y), y)
    }

    /// Computes `cv2` of both halves of `cv1(x)`, one of which passes through `m`: the first in `C2`, the second in
    /// `C2PSA`.
    mutating func c2(_ module: Module, _ x: Value) throws -> Value {
        var parts = try halves(module, x)
        let deep = module.kind == "C2" ? 0 : 1
        parts[deep] = try build(module.module("m"), parts[deep])
        return try build(module.module("cv2"), operations.concatenation(parts))
    }

    /// Computes `cv2(cat(a, b, m[0](b), m[1](m[0](b)), …))`, where `a` and `b` are the halves of `cv1(x)`.
    mutating func c2f(_ module: Module, _ x: Value) throws -> Value {
        let parts = try chain(halves(module, x), module.module("m").modules)
        return try build(module.module("cv2"), operations.concatenation(parts))
    }

    /// Computes `cv3(cat(cv2(x), y, m[0](y), m[1](m[0](y)), …))`, where `y` is `cv1(x)`.
    mutating func c3f(_ module: Module, _ x: Value) throws -> Value {
        let start = [try build(module.module("cv2"), x), try build(module.module("cv1"), x)]
        let parts = try chain(start, module.module("m").modules)
        return try build(module.module("cv3"), operations.concatenation(parts))
    }

    /// Computes `cv4(cat(a, b, cv2(b), cv3(cv2(b))))`, where `a` and `b` are the halves of `cv1(x)`.
    mutating func elan(_ module: Module, _ x: Value) throws -> Value {
        let parts = try chain(halves(module, x), [module.module("cv2"), module.module("cv3")])
        return try build(module.module("cv4"), operations.concatenation(parts))
    }

    /// Computes `cv1(x)`, plus `x` if the block is residual.
    mutating func cib(_ module: Module, _ x: Value) throws -> Value {
        let y = try build(module.module("cv1"), x)
        return module.bool("add") ?? false ? try operations.sum(x, y) : y
    }

    /// Computes `cv5(cat(y, cv2(y), cv3(cv2(y)), cv4(cv3(cv2(y)))))`, where `y` is `cv1(x)`.
    mutating func sppelan(_ module: Module, _ x: Value) throws -> Value {
        let pools = try ["cv2", "cv3", "cv4"].map { try module.module($0) }
        let parts = try chain([build(module.module("cv1"), x)], pools)
        return try build(module.module("cv5"), operations.concatenation(parts))
    }

    /// Computes `cv1` of the means of each 2x2 cells.
    mutating func aConv(_ module: Module, _ x: Value) throws -> Value {
        try build(module.module("cv1"), meanOfFour(x))
    }

    /// Computes the means of each 2x2 cells, and then `cv1` of one half, and `cv2` of the maxima of the other.
    mutating func aDown(_ module: Module, _ x: Value) throws -> Value {
        let channels = operations.channels(of: x)
        guard channels.isMultiple(of: 2) else { throw module.error("has an odd number of channels to split") }
        let parts = try operations.split(meanOfFour(x), into: [channels / 2, channels / 2])
        let maxima = try operations.maximumPool(
            parts[1],
            window: NetworkBuilder.Window(
                kernel: Extent(height: 3, width: 3),
                stride: Extent(height: 2, width: 2),
                padding: Extent(height: 1, width: 1)
            )
        )
        return try operations.concatenation([
            build(module.module("cv1"), parts[0]), build(module.module("cv2"), maxima),
        ])
    }

    private func meanOfFour(_ x: Value) throws -> Value {
        try operations.averagePool(
            x,
            window: NetworkBuilder.Window(
                kernel: Extent(height: 2, width: 2),
                stride: Extent(height: 1, width: 1),
                padding: Extent(height: 0, width: 0)
            )
        )
    }

    /// Computes `act(conv(x))` if the block was fused, otherwise `act(conv1(x) + conv2(x))`, plus `bn(x)` if it exists.
    mutating func repConv(_ module: Module, _ x: Value) throws -> Value {
        var sum: Value
        if let fused = module.optionalModule("conv") {
            sum = try build(fused, x)
        } else {
            sum = try parallel([module.module("conv1"), module.module("conv2")], in: module, x)
            if let identity = module.optionalModule("bn") { sum = try operations.sum(sum, build(identity, x)) }
        }
        return try build(module.module("act"), sum)
    }

    /// Computes `act(conv(x))` if the block was fused, otherwise `act(conv(x) + conv1(x))`.
    mutating func repVGGDW(_ module: Module, _ x: Value) throws -> Value {
        let convolutions = try [module.module("conv")] + [module.optionalModule("conv1")].compactMap(\.self)
        return try build(module.module("act"), parallel(convolutions, in: module, x))
    }

    /// Computes the sum of convolutions of the same input as one convolution.
    private mutating func parallel(_ modules: [Module], in block: Module, _ x: Value) throws -> Value {
        var parts: [Convolution] = []
        for module in modules {
            let convolution = module.optionalModule("conv") ?? module
            parts.append(try folded(convolution, normalization: module.optionalModule("bn")))
        }
        guard var sum = parts.max(by: { $0.window.kernel.height < $1.window.kernel.height }) else {
            throw block.error("has no convolutions")
        }
        let (height, width) = (sum.window.kernel.height, sum.window.kernel.width)
        let planes = sum.weights.count / (height * width)
        var weights = [Float](repeating: 0, count: sum.weights.count)
        var bias = [Float](repeating: 0, count: sum.filters)
        for part in parts {
            let (kernel, padding) = (part.window.kernel, part.window.padding)
            // The middles of the kernels must lie on the same cell.
            let (top, left) = (sum.window.padding.height - padding.height, sum.window.padding.width - padding.width)
            guard part.filters == sum.filters, part.groups == sum.groups, part.window.stride == sum.window.stride,
                part.window.dilation == Extent(height: 1, width: 1), kernel.width <= width,
                2 * top == height - kernel.height, 2 * left == width - kernel.width,
                part.weights.count == planes * kernel.height * kernel.width,
                part.bias?.count ?? sum.filters == sum.filters
            else { throw block.error("adds convolutions that do not match") }
            for filter in 0..<sum.filters { bias[filter] += part.bias?[filter] ?? 0 }
            for index in part.weights.indices {
                let (plane, cell) = index.quotientAndRemainder(dividingBy: kernel.height * kernel.width)
                let (row, column) = cell.quotientAndRemainder(dividingBy: kernel.width)
                weights[(plane * height + top + row) * width + left + column] += part.weights[index]
            }
        }
        sum.weights = weights
        sum.bias = bias
        return try build(sum, x)
    }

    /// Computes `act(bn(conv_transpose(x)))`.
    mutating func convTranspose(_ module: Module, _ x: Value) throws -> Value {
        let normalization = module.optionalModule("bn").flatMap { $0.kind == "BatchNorm2d" ? $0 : nil }
        let y = try transposedConvolution(module.module("conv_transpose"), normalization: normalization, x)
        guard let activation = module.optionalModule("act") else { return y }
        return try build(activation, y)
    }

    /// Computes `conv(x)` in parts of the sizes that it states.
    mutating func cbLinear(_ module: Module, _ x: Value) throws -> [Value] {
        let sizes = module.attribute("c2s")?.list?.compactMap(\.int) ?? []
        guard (1...64).contains(sizes.count) else { throw module.error("has no sizes of its parts") }
        return try operations.split(build(module.module("conv"), x), into: sizes)
    }

    /// Adds to the last input one part of each other input, resized to its size.
    mutating func cbFuse(_ module: Module, _ inputs: [[Value]]) throws -> Value {
        let indices = module.attribute("idx")?.list?.compactMap(\.int) ?? []
        guard let last = inputs.last, last.count == 1, indices.count == inputs.count - 1 else {
            throw module.error("does not say which parts of its inputs to add")
        }
        return try zip(inputs, indices).reduce(last[0]) { sum, part in
            let (values, index) = part
            guard values.indices.contains(index) else { throw module.error("adds a part that its input does not have") }
            return try operations.sum(sum, operations.resized(values[index], like: last[0]))
        }
    }

    /// Computes the mask prototypes from all levels: each is convolved, resized to the first and added to it.
    mutating func proto26(_ module: Module, _ levels: [Value]) throws -> Value {
        let refinements = try module.module("feat_refine").modules
        guard refinements.count == levels.count - 1 else { throw module.error("does not match the number of levels") }
        var sum = levels[0]
        for (refinement, level) in zip(refinements, levels.dropFirst()) {
            sum = try operations.sum(sum, operations.resized(build(refinement, level), like: levels[0]))
        }
        return try proto(module, build(module.module("feat_fuse"), sum))
    }
}
