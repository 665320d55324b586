extension Unpickler {
    /// Maximum length of a module or class name in bytes.
    private static let maximumNameByteCount = 255

    mutating func pushString(_ byteCount: Int) throws(PyTorchError) {
        try push(.string(try cursor.string(byteCount)))
    }

    mutating func pushBytes(_ byteCount: Int) throws(PyTorchError) {
        try push(.bytes(try cursor.bytes(byteCount)))
    }

    /// Pushes a little-endian two's complement integer of any length.
    mutating func pushLong(_ byteCount: Int) throws(PyTorchError) {
        let bytes = try cursor.bytes(byteCount)
        guard byteCount <= 8 else {
            // Networks have no integers over 64 bits, so a record is enough.
            return try push(makeObject("builtins.int", [.bytes(bytes)]))
        }
        let sign: UInt64 = bytes.last.map { $0 >= 0x80 } == true ? .max : 0
        let bits = bytes.reversed().reduce(sign) { $0 << 8 | UInt64($1) }
        try push(.int(Int(Int64(bitPattern: bits))))
    }

    /// Pushes the name of a class or function, read from the pickle or popped from the stack.
    mutating func pushGlobal(_ opcode: Opcode) throws(PyTorchError) {
        let module: String
        let name: String
        if opcode == .global {
            module = try cursor.line(limit: Self.maximumNameByteCount)
            name = try cursor.line(limit: Self.maximumNameByteCount)
        } else {
            let pair = try pop(2)
            guard let texts = pair[0].string.flatMap({ first in pair[1].string.map { (first, $0) } }) else {
                throw damaged("has a class name that is not text")
            }
            (module, name) = texts
            // The texts can come from the memo, so the name can be longer than the instructions that create it.
            try charge((module.utf8.count + name.utf8.count) / 16)
        }
        for part in [module, name] {
            // Reject control characters: names appear in messages, which are printed on terminals.
            guard (1...Self.maximumNameByteCount).contains(part.utf8.count),
                part.unicodeScalars.allSatisfy({ $0.value > 0x20 && !(0x7F...0x9F).contains($0.value) })
            else { throw damaged("has an invalid class name") }
        }
        try push(.global("\(module).\(name)"))
    }

    mutating func makeList(_ elements: [PickleValue] = []) -> PickleList {
        let list = PickleList(elements)
        nodes.append(list)
        return list
    }

    mutating func makeDictionary() -> PickleDictionary {
        let dictionary = PickleDictionary()
        nodes.append(dictionary)
        return dictionary
    }

    mutating func makeObject(_ className: String, _ arguments: [PickleValue]) -> PickleValue {
        let object = PickleObject(className: className, arguments: arguments)
        nodes.append(object)
        return .object(object)
    }

    /// Adds elements to the list, set or object on top.
    mutating func append(_ elements: [PickleValue]) throws(PyTorchError) {
        switch try top() {
        case .list(let list), .set(let list): list.elements += elements
        case .object(let object): object.elements += elements
        default: throw damaged("adds an element to a value that is not a list")
        }
    }

    /// Sets key-value pairs in the dictionary or object on top.
    mutating func setItems(_ items: [PickleValue]) throws(PyTorchError) {
        guard items.count.isMultiple(of: 2) else { throw damaged("has a key without a value") }
        let dictionary: PickleDictionary
        switch try top() {
        case .dictionary(let value): dictionary = value
        case .object(let object):
            dictionary = object.items ?? makeDictionary()
            object.items = dictionary
        default: throw damaged("sets a key in a value that is not a dictionary")
        }
        for index in stride(from: 0, to: items.count, by: 2) {
            dictionary.set(items[index], to: items[index + 1])
        }
    }

    /// Pops a state and sets it on the object below.
    mutating func build() throws(PyTorchError) {
        let state = try pop()
        switch try top() {
        case .object(let object): object.state = state
        // Ignore attributes of parameters and dictionaries, e.g. the module versions in a `state_dict`.
        case .tensor, .dictionary, .list, .set: break
        default: throw damaged("sets attributes of a value that has none")
        }
    }
}
