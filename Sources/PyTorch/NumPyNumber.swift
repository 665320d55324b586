/// A number saved by NumPy: a scalar or a one-element array.
///
/// YOLOv5 saves `best_fitness` this way.
/// - SeeAlso: NumPy 2.4, `numpy/_core/src/multiarray/methods.c`, `array_reduce_ex_regular`; `scalartypes.c.src`,
///   `gentype_reduce`; `descriptor.c`, `arraydescr_reduce`.
struct NumPyNumber {
    /// NumPy's type code: `f` floating point, `i` signed integer, `u` unsigned integer, `b` Boolean.
    let kind: Character
    /// The value in little-endian order.
    let bytes: [UInt8]

    /// Reads the record of a call to `scalar`, or of a call to `_reconstruct` with the array in its state.
    init?(_ object: PickleObject) {
        switch object.className {
        // (type, bytes)
        case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar":
            guard object.arguments.count == 2 else { return nil }
            self.init(type: object.arguments[0], bytes: object.arguments[1])
        // (version, shape, type, Fortran order, bytes)
        case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
            guard let state = object.state?.list, state.count == 5 else { return nil }
            self.init(type: state[2], bytes: state[4])
        default:
            return nil
        }
    }

    /// Returns nil if the number of bytes does not match the type, or exceeds 8.
    private init?(type: PickleValue, bytes: PickleValue) {
        // The type's name is a letter and a size in bytes; the second element of its state is the byte order.
        guard let type = type.object, type.className == "numpy.dtype",
            let name = type.arguments.first?.string, let kind = name.first, let size = Int(name.dropFirst()),
            let bytes = bytes.bytes, bytes.count == size, size <= 8
        else { return nil }
        self.kind = kind
        let order = type.state?.list?.dropFirst().first?.string
        self.bytes = order == ">" ? bytes.reversed() : bytes
    }

    /// The value of an integer or Boolean; nil for other types and for values over `Int.max`.
    var int: Int? {
        let isNegative = kind == "i" && bytes.last.map { $0 >= 0x80 } == true
        switch kind {
        case "i": return Int(Int64(bitPattern: bits(above: isNegative ? .max : 0)))
        case "u", "b": return Int(exactly: bits(above: 0))
        default: return nil
        }
    }

    /// The value of a number of any supported type; otherwise nil.
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
