extension PickleValue {
    /// The value, if it is an `int` or a NumPy integer or Boolean.
    package var int: Int? {
        if case .int(let value) = self { return value }
        return object.flatMap(NumPyNumber.init)?.int
    }

    /// The value, if it is a `float`, an `int` or a NumPy number.
    package var double: Double? {
        switch self {
        case .float(let value): value
        case .int(let value): Double(value)
        default: object.flatMap(NumPyNumber.init)?.double
        }
    }

    /// The value, if it is a `bytes`, which protocol 2 saves as a call that encodes text.
    package var bytes: [UInt8]? {
        if case .bytes(let bytes) = self { return bytes }
        guard let object, object.className == "_codecs.encode", object.arguments.count == 2,
            let text = object.arguments[0].string, object.arguments[1].string == "latin1"
        else { return nil }
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
