/// A number that NumPy saved: a scalar, or an array of one element.
///
/// YOLOv5 keeps the best fitness of a training as one.
/// - SeeAlso: NumPy 2.4, `numpy/_core/src/multiarray/methods.c`, `array_reduce_ex_regular`; `scalartypes.c.src`,
///   `gentype_reduce`; `descriptor.c`, `arraydescr_reduce`.
struct NumPyNumber {
    /// The type's letter: `f` is a number with a fraction, `i` and `u` are whole, `b` is a truth value.
    let kind: Character
    /// The value, the lowest byte first.
    let bytes: [UInt8]

    /// Reads the record of a call to `scalar`, or to `_reconstruct` with the array as its state.
    init?(_ object: PickleObject) {
        switch object.className {
        // (type, bytes)
        case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar":
            guard object.arguments.count == 2 else { return nil }
            self.init(type: object.arguments[0], bytes: object.arguments[1])
        // (version, shape, type, whether columns come first, bytes)
        case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
            guard let state = object.state?.list, state.count == 5 else { return nil }
            self.init(type: state[2], bytes: state[4])
        default:
            return nil
        }
    }

    /// A number whose bytes are as many as its type takes.
    private init?(type: PickleValue, bytes: PickleValue) {
        // The type's name is a letter and a size in bytes; the second part of its state is the order of the bytes.
        guard let type = type.object, type.className == "numpy.dtype",
            let name = type.arguments.first?.string, let kind = name.first, let size = Int(name.dropFirst()),
            let bytes = bytes.bytes, bytes.count == size, size <= 8
        else { return nil }
        self.kind = kind
        let order = type.state?.list?.dropFirst().first?.string
        self.bytes = order == ">" ? bytes.reversed() : bytes
    }

    /// The value of a whole number or truth value.
    var int: Int? {
        let isNegative = kind == "i" && bytes.last.map { $0 >= 0x80 } == true
        switch kind {
        case "i": return Int(Int64(bitPattern: bits(above: isNegative ? .max : 0)))
        case "u", "b": return Int(exactly: bits(above: 0))
        default: return nil
        }
    }

    /// The value of a number of any kind.
    var double: Double? {
        guard kind == "f" else { return int.map(Double.init) }
        let bits = bits(above: 0)
        return switch bytes.count {
        case 8: Double(bitPattern: bits)
        case 4: Double(Float(bitPattern: UInt32(bits)))
        case 2: Double(Float(half: UInt16(bits)))
        default: nil
        }
    }

    private func bits(above filling: UInt64) -> UInt64 {
        bytes.reversed().reduce(filling) { $0 << 8 | UInt64($1) }
    }
}
