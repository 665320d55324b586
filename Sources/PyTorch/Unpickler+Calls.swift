extension Unpickler {
    /// Replaces a function and its arguments on the stack with its result, or with a record of the call.
    mutating func call(_ opcode: Opcode) throws(PyTorchError) {
        let keywords = opcode == .newObjectExtended ? try pop() : .none
        guard case .tuple(let arguments) = try pop() else { throw damaged("makes a call without arguments") }
        let function = try pop()
        guard case .global(let name) = function else {
            try charge(arguments.elements.count)
            return try push(makeObject("builtins.object", [function] + arguments.elements))
        }
        guard keywords.isNone else {
            try charge(arguments.elements.count)
            return try push(makeObject(name, arguments.elements + [keywords]))
        }
        try push(try construct(name, arguments.elements))
    }

    /// Returns the result of a call to a known function, otherwise a record of the call.
    ///
    /// This is the complete list of known functions. Work that takes time or memory for each call is charged: a few
    /// bytes of pickle are enough to repeat a call with the same large arguments.
    private mutating func construct(_ name: String, _ arguments: [PickleValue]) throws(PyTorchError) -> PickleValue {
        switch (name, arguments.first) {
        case ("collections.OrderedDict", nil), ("collections.defaultdict", _):
            return .dictionary(makeDictionary())
        case ("collections.OrderedDict", .list(let pairs)?):
            return try orderedDictionary(pairs.elements) ?? makeObject(name, arguments)

        case ("__builtin__.set", nil), ("builtins.set", nil), ("builtins.frozenset", nil):
            return .set(makeList())
        case ("__builtin__.set", .list(let list)?), ("builtins.set", .list(let list)?),
            ("__builtin__.frozenset", .list(let list)?), ("builtins.frozenset", .list(let list)?):
            return .set(list)
        case ("torch.Size", .tuple(let dimensions)?):
            return .tuple(dimensions)

        case ("torch._utils._rebuild_tensor", .storage?), ("torch._utils._rebuild_tensor_v2", .storage?):
            let tensor = try storages.tensor(arguments)
            try charge(2 * tensor.shape.count)
            return .tensor(tensor)
        case ("torch._utils._rebuild_parameter", .tensor(let tensor)?),
            ("torch._utils._rebuild_parameter_with_state", .tensor(let tensor)?):
            return .tensor(tensor)
        // A tensor with attributes; the arguments are its function, class, arguments and attributes.
        case ("torch._tensor._rebuild_from_type_v2", .global(let function)?)
        where function != name && arguments.count == 4:
            guard case .tuple(let inner) = arguments[2] else { return makeObject(name, arguments) }
            return try construct(function, inner.elements)

        // A bound method is saved with its object, which may contain the method: drop the object to avoid a cycle.
        case ("__builtin__.getattr", .object?) where arguments.count == 2,
            ("builtins.getattr", .object?) where arguments.count == 2:
            return makeObject(name, [arguments[1]])

        default:
            return makeObject(name, arguments)
        }
    }

    /// Returns a dictionary of key-value pairs, or nil if an element is not a pair.
    private mutating func orderedDictionary(_ pairs: [PickleValue]) throws(PyTorchError) -> PickleValue? {
        try charge(2 * pairs.count)
        let dictionary = makeDictionary()
        for pair in pairs {
            guard let pair = pair.list, pair.count == 2 else { return nil }
            dictionary.set(pair[0], to: pair[1])
        }
        return .dictionary(dictionary)
    }
}
