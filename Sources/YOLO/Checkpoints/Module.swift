internal import Inference
internal import PyTorch

/// Why a module cannot become part of a network; its message names the module.
struct ModuleError: Error {
    var message: String
}

/// A `torch.nn.Module` as it was saved: its class, parameters, buffers, modules and attributes.
struct Module {
    /// Where it is in the network: `model.8.cv1`; empty for the network itself.
    let path: String
    /// How many modules it is inside of.
    let depth: Int
    private let object: PickleObject

    init(_ object: PickleObject, path: String, depth: Int = 0) {
        self.object = object
        self.path = path
        self.depth = depth
    }

    /// The class as it was saved: `models.common.Conv`.
    var className: String { object.className }

    /// The class's own name, `Conv`, where it is one of YOLOv5's or PyTorch's; empty where it is anybody else's, whose
    /// `Conv` may compute something else.
    var kind: String {
        let parts = className.split(separator: ".")
        let origin = parts.first == "yolov5" ? parts.dropFirst() : parts[...]
        let isKnown = origin.first == "models" || origin.first == "utils" || origin.starts(with: ["torch", "nn"])
        return isKnown ? String(parts.last ?? "") : ""
    }

    /// The modules inside, in their order.
    var modules: [Module] {
        (dictionary("_modules")?.entries ?? []).prefix(LayerBuilder.maximumModules).compactMap { key, value in
            guard let name = key.string, let object = value.object else { return nil }
            return inner(object, name: name)
        }
    }

    /// - Throws: ``ModuleError`` where there is no module of that name.
    func module(_ name: String) throws -> Module {
        guard let module = optionalModule(name) else { throw error("has no module \(name)") }
        return module
    }

    func optionalModule(_ name: String) -> Module? {
        guard let object = dictionary("_modules")?[name]?.object else { return nil }
        return inner(object, name: name)
    }

    private func inner(_ object: PickleObject, name: String) -> Module {
        // Shared by thousands, a long name would fill the memory with paths.
        let name = printable(name, limit: 40)
        return Module(object, path: path.isEmpty ? name : "\(path).\(name)", depth: depth + 1)
    }

    /// A parameter or buffer.
    ///
    /// - Throws: ``ModuleError`` where there is none of that name.
    func tensor(_ name: String) throws -> Tensor {
        guard let tensor = optionalTensor(name) else { throw error("has no \(name)") }
        return tensor
    }

    func optionalTensor(_ name: String) -> Tensor? {
        (dictionary("_parameters")?[name] ?? dictionary("_buffers")?[name] ?? object.attribute(name))?.tensor
    }

    /// The values of a parameter or buffer that has one for each channel at most, nil where it is not there.
    ///
    /// - Throws: ``ModuleError`` where it has more: a few bytes can stand for any number of values.
    func floats(_ name: String) throws -> [Float]? {
        guard let tensor = optionalTensor(name) else { return nil }
        guard tensor.count <= LayerBuilder.maximumChannels else {
            throw error("has a \(name) of \(tensor.count) values")
        }
        return tensor.floats()
    }

    func requiredFloats(_ name: String) throws -> [Float] {
        guard let floats = try floats(name) else { throw error("has no \(name)") }
        return floats
    }

    /// Weights and biases in the module and those inside it, as they were saved.
    var parameterCount: Int {
        let own = (dictionary("_parameters")?.entries ?? []).compactMap(\.value.tensor?.count).reduce(0, +)
        return modules.map(\.parameterCount).reduce(own, +)
    }

    func attribute(_ name: String) -> PickleValue? { object.attribute(name) }

    func integer(_ name: String) -> Int? { attribute(name)?.int }
    func number(_ name: String) -> Double? { attribute(name)?.double }
    func bool(_ name: String) -> Bool? { attribute(name)?.bool }
    func text(_ name: String) -> String? { attribute(name)?.string }

    /// A size along both sides: a pair, height first, or one number for both.
    ///
    /// - Throws: ``ModuleError`` where it is something else: a convolution's padding may be the text "same".
    func extent(_ name: String) throws -> NetworkBuilder.Window.Extent? {
        guard let value = attribute(name), !value.isNone else { return nil }
        if let both = value.int { return NetworkBuilder.Window.Extent(height: both, width: both) }
        guard let pair = value.list?.compactMap(\.int), pair.count == 2 else {
            throw error("has a \(name) that is not supported")
        }
        return NetworkBuilder.Window.Extent(height: pair[0], width: pair[1])
    }

    /// The function that the module is.
    ///
    /// - Throws: ``ModuleError`` where it is none that is known.
    func activation() throws -> NetworkBuilder.Activation {
        switch kind {
        case "SiLU", "Swish", "MemoryEfficientSwish": return .silu
        case "ReLU": return .relu
        case "LeakyReLU": return .leakyReLU(slope: Float(number("negative_slope") ?? 0.01))
        case "Hardswish": return .hardSwish
        case "Mish", "MemoryEfficientMish": return .mish
        case "Sigmoid": return .sigmoid
        default: throw error("is of a class that is not known here; export the model to ONNX, and serve that")
        }
    }

    func error(_ problem: String) -> ModuleError {
        ModuleError(
            message: "\(path.isEmpty ? "" : "\(path) ")(\(className.prefix(200))) \(printable(problem, limit: 500))"
        )
    }

    /// Runs `body` and says of what fails in it that it happened in this module.
    func explaining<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as InferenceError {
            throw self.error("makes no sense: \(error.message)")
        }
    }

    private func dictionary(_ name: String) -> PickleDictionary? { object.attribute(name)?.dictionary }
}
