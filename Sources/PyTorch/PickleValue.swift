/// A Python value decoded from a pickle without executing anything.
package enum PickleValue {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case bytes([UInt8])
    case list(PickleList)
    /// `tuple` and `torch.Size`.
    case tuple(PickleList)
    /// `set` and `frozenset`, in file order.
    case set(PickleList)
    /// `dict`, `OrderedDict` and `defaultdict`.
    case dictionary(PickleDictionary)
    /// An object, or a function call that was not executed.
    case object(PickleObject)
    /// A class, function or constant, as `module.name`.
    case global(String)
    case storage(TensorStorage)
    /// A tensor or parameter.
    indirect case tensor(Tensor)
}

extension PickleValue {
    /// Whether this is `None`.
    package var isNone: Bool {
        if case .none = self { true } else { false }
    }

    /// The value, if it is a `bool`.
    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The text, if it is a `str`.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements, if it is a list, tuple or set.
    package var list: [PickleValue]? {
        switch self {
        case .list(let list), .tuple(let list), .set(let list): list.elements
        default: nil
        }
    }

    /// The dictionary, if it is one.
    package var dictionary: PickleDictionary? {
        if case .dictionary(let dictionary) = self { dictionary } else { nil }
    }

    /// The object, if it is one.
    package var object: PickleObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The tensor, if it is one.
    package var tensor: Tensor? {
        if case .tensor(let tensor) = self { tensor } else { nil }
    }

    /// Short description of the type for messages: the class name of an object, `str` for text.
    package var typeName: String {
        switch self {
        case .none: "None"
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .string: "str"
        case .bytes: "bytes"
        case .list: "list"
        case .tuple: "tuple"
        case .set: "set"
        case .dictionary: "dict"
        case .object(let object): object.className
        case .global(let name): name
        case .storage(let storage): "\(storage.elementType) storage"
        case .tensor(let tensor): "\(tensor.elementType) tensor \(tensor.shape)"
        }
    }

    /// The value as a node, if it can contain other values.
    var node: (any PickleNode)? {
        switch self {
        case .list(let list), .tuple(let list), .set(let list): list
        case .dictionary(let dictionary): dictionary
        case .object(let object): object
        default: nil
        }
    }
}
