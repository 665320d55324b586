internal import Inference

/// The blocks of YOLOv5, each computed as in its `forward`.
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

    /// Computes `cv2(cat(y, m(y), m(m(y)), m(m(m(y)))))`, where `y` is `cv1(x)`.
    mutating func sppf(_ module: Module, _ x: Value) throws -> Value {
        let pool = try module.module("m")
        var pooled = [try build(module.module("cv1"), x)]
        for _ in 0..<3 { pooled.append(try build(pool, pooled[pooled.count - 1])) }
        return try build(module.module("cv2"), operations.concatenation(pooled))
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
}
