internal import Basics
internal import Inference
internal import PyTorch

/// An error in a module of a checkpoint; the message names the module.
struct ModuleError: Error {
    var message: String
}

/// A saved `torch.nn.Module`: its class, parameters, buffers, submodules and attributes.
struct Module {
    /// Path in the network, such as `model.8.cv1`; empty for the network itself.
    let path: String
    /// Number of modules that enclose it.
    let depth: Int
    private let object: PickleObject

    init(_ object: PickleObject, path: String, depth: Int = 0) {
        self.object = object
        self.path = path
        self.depth = depth
    }

    /// Full class name, such as `models.common.Conv`.
    var className: String { object.className }

    /// Class name without its package, such as `Conv`; empty unless the package is YOLOv5, Ultralytics' or PyTorch.
    ///
    /// The `Conv` of another package may compute something else.
    var kind: String {
        let parts = className.split(separator: ".")
        let origin = parts.first == "yolov5" ? parts.dropFirst() : parts[...]
        let isKnown =
            origin.first == "models" || origin.first == "utils" || origin.starts(with: ["torch", "nn"])
            || origin.starts(with: ["ultralytics", "nn"])
        return isKnown ? String(parts.last ?? "") : ""
    }

    /// Direct submodules, in order.
    var modules: [Module] {
        (dictionary("_modules")?.entries ?? []).prefix(LayerBuilder.maximumModules).compactMap { key, value in
            guard let name = key.string, let object = value.object else { return nil }
            return inner(object, name: name)
        }
    }

    /// Returns a direct submodule.
    ///
    /// - Throws: ``ModuleError`` if there is no submodule with that name.
    func module(_ name: String) throws -> Module {
        guard let module = optionalModule(name) else { throw error("has no module \(name)") }
        return module
    }

    func optionalModule(_ name: String) -> Module? {
        guard let object = dictionary("_modules")?[name]?.object else { return nil }
        return inner(object, name: name)
    }

    private func inner(_ object: PickleObject, name: String) -> Module {
        // A long name shared by thousands of modules would fill memory with paths.
        let name = name.printable(limit: 40)
        return Module(object, path: path.isEmpty ? name : "\(path).\(name)", depth: depth + 1)
    }

    /// Returns a parameter or buffer.
    ///
    /// - Throws: ``ModuleError`` if there is none with that name.
    func tensor(_ name: String) throws -> Tensor {
        guard let tensor = optionalTensor(name) else { throw error("has no \(name)") }
        return tensor
    }

    func optionalTensor(_ name: String) -> Tensor? {
        (dictionary("_parameters")?[name] ?? dictionary("_buffers")?[name] ?? object.attribute(name))?.tensor
    }

    /// Returns the values of a parameter or buffer with up to one value per channel, or nil if it does not exist.
    ///
    /// - Throws: ``ModuleError`` if it has more values, because a few bytes can stand for any number of them.
    func floats(_ name: String) throws -> [Float]? {
        guard let tensor = optionalTensor(name) else { return nil }
        guard tensor.count <= LayerBuilder.maximumChannels else {
            throw error("has a \(name) of \(tensor.count) values, which are too many")
        }
        return tensor.floats()
    }

    func requiredFloats(_ name: String) throws -> [Float] {
        guard let floats = try floats(name) else { throw error("has no \(name)") }
        return floats
    }

    /// Number of weights and biases in the module and its submodules, as saved.
    var parameterCount: Int {
        let own = (dictionary("_parameters")?.entries ?? []).compactMap(\.value.tensor?.count).reduce(0, +)
        return modules.map(\.parameterCount).reduce(own, +)
    }

    func attribute(_ name: String) -> PickleValue? { object.attribute(name) }

    func integer(_ name: String) -> Int? { attribute(name)?.int }
    func number(_ name: String) -> Double? { attribute(name)?.double }
    func bool(_ name: String) -> Bool? { attribute(name)?.bool }
    func text(_ name: String) -> String? { attribute(name)?.string }

    /// Returns a size along both axes, saved as a pair, height first, or as one number for both; nil if it is missing.
    ///
    /// - Throws: ``ModuleError`` if it is anything else: a convolution's padding may be the text "same".
    func extent(_ name: String) throws -> NetworkBuilder.Window.Extent? {
        guard let value = attribute(name), !value.isNone else { return nil }
        if let both = value.int { return NetworkBuilder.Window.Extent(height: both, width: both) }
        guard let pair = value.list?.compactMap(\.int), pair.count == 2 else {
            throw error("has an unsupported \(name)")
        }
        return NetworkBuilder.Window.Extent(height: pair[0], width: pair[1])
    }

    /// Returns the activation function that the module computes.
    ///
    /// - Throws: ``ModuleError`` if the module is not a supported activation function.
    func activation() throws -> NetworkBuilder.Activation {
        switch kind {
        case "SiLU", "Swish", "MemoryEfficientSwish": return .silu
        case "ReLU": return .relu
        case "LeakyReLU": return .leakyReLU(slope: Float(number("negative_slope") ?? 0.01))
        case "Hardswish": return .hardSwish
        case "Mish", "MemoryEfficientMish": return .mish
        case "Sigmoid": return .sigmoid
        default: throw error("is not a supported layer: export the model to ONNX, and serve that instead")
        }
    }

    func error(_ problem: String) -> ModuleError {
        ModuleError(
            message: "\(path.isEmpty ? "" : "\(path) ")(\(className.prefix(200))) \(problem.printable(limit: 500))"
        )
    }

    /// Calls `body` and converts an ``InferenceError`` to a ``ModuleError`` that names this module.
    func explaining<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as InferenceError {
            throw self.error("is invalid: \(error.message)")
        }
    }

    private func dictionary(_ name: String) -> PickleDictionary? { object.attribute(name)?.dictionary }
}
