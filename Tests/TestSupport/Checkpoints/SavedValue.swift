/// A value that a test saves, corresponding to an input of Python's pickler.
package indirect enum SavedValue: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case bytes([UInt8])
    case list([SavedValue])
    case tuple([SavedValue])
    case dictionary([(SavedValue, SavedValue)])
    /// `collections.OrderedDict` with string keys.
    case orderedDictionary([(String, SavedValue)])
    case tensor(SavedTensor)
    /// A tensor wrapped as `torch.nn.Parameter`.
    case parameter(SavedTensor)
    /// A class or function, as `module.name`.
    case global(String)
    /// An object of the class `module.name`, with the state to pass to its `__setstate__`.
    case object(className: String, state: SavedValue)
    /// The result of calling a function or class `module.name` with arguments.
    case call(String, [SavedValue])
    /// Raw opcodes that leave one value on the stack.
    case opcodes([UInt8])
}

extension SavedValue {
    /// Returns a dictionary with string keys.
    package static func dictionary(_ entries: [(String, SavedValue)]) -> SavedValue {
        .dictionary(entries.map { (.string($0.0), $0.1) })
    }

    /// Returns a `torch.Size`.
    package static func size(_ dimensions: [Int]) -> SavedValue {
        .call("torch.Size", [.tuple(dimensions.map(SavedValue.int))])
    }

    /// Returns an instance of `torch.nn.Module` with the standard attributes of all modules.
    ///
    /// - Parameters:
    ///   - className: Class as `module.name`, e.g. `models.common.Conv`.
    ///   - attributes: Attributes that the class itself adds to `__dict__`, e.g. `stride` of a convolution.
    ///   - parameters: Parameters in order of registration; `nil` for an absent one, e.g. a convolution's bias.
    ///   - buffers: Buffers in order of registration.
    ///   - modules: Children in order of registration.
    /// - Returns: The object, in evaluation mode.
    package static func module(
        _ className: String,
        attributes: [(String, SavedValue)] = [],
        parameters: [(String, SavedTensor?)] = [],
        buffers: [(String, SavedTensor)] = [],
        modules: [(String, SavedValue)] = []
    ) -> SavedValue {
        let hooks = [
            "_backward_hooks", "_forward_hooks", "_forward_pre_hooks", "_state_dict_hooks",
            "_load_state_dict_pre_hooks",
        ]
        let state: [(String, SavedValue)] =
            [
                ("training", .bool(false)),
                ("_parameters", .orderedDictionary(parameters.map { ($0.0, $0.1.map(SavedValue.parameter) ?? .none) })),
                ("_buffers", .orderedDictionary(buffers.map { ($0.0, .tensor($0.1)) })),
                ("_non_persistent_buffers_set", .call("__builtin__.set", [.list([])])),
            ] + hooks.map { ($0, .orderedDictionary([])) } + [
                ("_is_full_backward_hook", .none),
                ("_modules", .orderedDictionary(modules)),
            ] + attributes
        return .object(className: className, state: .dictionary(state))
    }

    /// Returns a `torch.nn.Sequential` or another container that numbers its children.
    package static func sequential(
        _ modules: [SavedValue],
        className: String = "torch.nn.modules.container.Sequential"
    ) -> SavedValue {
        .module(className, modules: modules.enumerated().map { (String($0.offset), $0.element) })
    }

    /// Returns a `torch.nn.ModuleList`.
    package static func moduleList(_ modules: [SavedValue]) -> SavedValue {
        .sequential(modules, className: "torch.nn.modules.container.ModuleList")
    }
}
