internal import Inference

/// The blocks with attention, each computed as in its `forward`.
extension LayerBuilder {
    /// Computes `proj(attended + pe(values))`, with the queries, keys and values from `qkv(x)`.
    mutating func attention(_ module: Module, _ x: Value) throws -> Value {
        guard let heads = module.integer("num_heads"), let keys = module.integer("key_dim"),
            let values = module.integer("head_dim")
        else { throw module.error("does not state the sizes of its heads") }
        return try attend(module, x, heads: heads, keys: keys, values: values, areas: 1)
    }

    /// Computes the same as ``attention(_:_:)`` in each of several areas, with as many keys as values.
    mutating func aAttn(_ module: Module, _ x: Value) throws -> Value {
        guard let heads = module.integer("num_heads"), let size = module.integer("head_dim") else {
            throw module.error("does not state the sizes of its heads")
        }
        return try attend(module, x, heads: heads, keys: size, values: size, areas: module.integer("area") ?? 1)
    }

    private mutating func attend(
        _ module: Module,
        _ x: Value,
        heads: Int,
        keys: Int,
        values: Int,
        areas: Int
    ) throws -> Value {
        let input = try build(module.module("qkv"), x)
        let (attended, passed) = try operations.attention(
            input,
            heads: heads,
            keys: keys,
            values: values,
            areas: areas
        )
        let positions = try build(module.module("pe"), passed)
        return try build(module.module("proj"), operations.sum(attended, positions))
    }

    /// Computes `y + ffn(y)`, where `y` is `x + attn(x)`; without the sums if the block is not residual.
    mutating func psaBlock(_ module: Module, _ x: Value) throws -> Value {
        let isResidual = module.bool("add") ?? true
        return try ["attn", "ffn"].reduce(x) { x, name in
            let y = try build(module.module(name), x)
            return isResidual ? try operations.sum(x, y) : y
        }
    }

    /// Computes `y + mlp(y)`, where `y` is `x + attn(x)`.
    mutating func aBlock(_ module: Module, _ x: Value) throws -> Value {
        try ["attn", "mlp"].reduce(x) { x, name in try operations.sum(x, build(module.module(name), x)) }
    }

    /// Computes `cv2` of both halves of `cv1(x)`, the second of which passes through attention as in a residual
    /// ``psaBlock(_:_:)``.
    mutating func psa(_ module: Module, _ x: Value) throws -> Value {
        var parts = try halves(module, x)
        parts[1] = try psaBlock(module, parts[1])
        return try build(module.module("cv2"), operations.concatenation(parts))
    }

    /// Computes `cv2(cat(y, m[0](y), m[1](m[0](y)), …))`, where `y` is `cv1(x)`; if there is a gamma, by which it is
    /// multiplied, plus `x`.
    mutating func a2c2f(_ module: Module, _ x: Value) throws -> Value {
        let parts = try chain([build(module.module("cv1"), x)], module.module("m").modules)
        let y = try build(module.module("cv2"), operations.concatenation(parts))
        guard let gamma = try module.floats("gamma") else { return y }
        return try operations.sum(
            x,
            operations.affine(y, scale: gamma, shift: [Float](repeating: 0, count: gamma.count))
        )
    }
}
