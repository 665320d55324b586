/// A value of Python, as far as a pickle says what it is without running anything.
package enum PickleValue {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case bytes([UInt8])
    case list(PickleList)
    /// Also `torch.Size`.
    case tuple(PickleList)
    /// `set` and `frozenset`, in the order of the file.
    case set(PickleList)
    /// `dict`, `OrderedDict` and `defaultdict`.
    case dictionary(PickleDictionary)
    /// An object, or what a function would have returned.
    case object(PickleObject)
    /// A class, function or constant by its name, `module.name`.
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

    /// The value of a `bool`.
    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The text of a `str`.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements of a list, tuple or set.
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

    /// What it is in a few words, for messages: the class of an object, `str` for text.
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

    /// The value as one that holds others, if it does.
    var node: (any PickleNode)? {
        switch self {
        case .list(let list), .tuple(let list), .set(let list): list
        case .dictionary(let dictionary): dictionary
        case .object(let object): object
        default: nil
        }
    }
}
