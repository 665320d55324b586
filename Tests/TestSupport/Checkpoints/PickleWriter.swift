/// Writes values in pickle protocol 2, like Python's pickler.
struct PickleWriter {
    private(set) var bytes: [UInt8] = [0x80, 2]
    /// Storages in the order of their keys in the file, which count from 0.
    private(set) var storages: [SavedStorage] = []
    private var keys: [ObjectIdentifier: Int] = [:]
    /// Memo index of each global and string.
    private var memo: [String: Int] = [:]

    /// Writes one value and the STOP opcode.
    mutating func write(root: SavedValue) {
        write(root)
        put(".")
    }

    private mutating func write(_ value: SavedValue) {
        switch value {
        case .none: put("N")
        case .bool(let value): bytes.append(value ? 0x88 : 0x89)
        case .int(let value): write(value)
        case .float(let value): bytes += [UInt8(ascii: "G")] + littleEndian(value.bitPattern).reversed()
        case .string(let value): write(value)
        case .bytes(let value):
            bytes += [UInt8(ascii: "B")] + littleEndian(UInt32(value.count)) + value
        case .list(let values):
            put("](")
            for value in values { write(value) }
            put("e")
        case .tuple(let values):
            put("(")
            for value in values { write(value) }
            put("t")
        case .dictionary(let entries):
            put("}")
            writeItems(entries)
        case .orderedDictionary(let entries):
            write(.call("collections.OrderedDict", []))
            writeItems(entries.map { (.string($0.0), $0.1) })
        case .tensor(let tensor): write(tensor)
        case .parameter(let tensor):
            write(.call("torch._utils._rebuild_parameter", [.tensor(tensor), .bool(true), .orderedDictionary([])]))
        case .global(let name): write(global: name)
        case .object(let className, let state):
            write(global: className)
            // Empty arguments, NEWOBJ, the state, BUILD.
            bytes += [UInt8(ascii: ")"), 0x81]
            write(state)
            put("b")
        case .call(let function, let arguments):
            write(global: function)
            write(.tuple(arguments))
            put("R")
        case .opcodes(let opcodes): bytes += opcodes
        }
    }

    private mutating func write(_ value: Int) {
        switch value {
        case 0...0xFF: bytes += [UInt8(ascii: "K"), UInt8(value)]
        case 0...0xFFFF: bytes += [UInt8(ascii: "M")] + littleEndian(UInt16(value))
        case Int(Int32.min)...Int(Int32.max): bytes += [UInt8(ascii: "J")] + littleEndian(Int32(value))
        default: bytes += [0x8A, 8] + littleEndian(value)
        }
    }

    private mutating func write(_ value: String) {
        memoized("string " + value) { writer in
            writer.bytes += [UInt8(ascii: "X")] + littleEndian(UInt32(value.utf8.count)) + Array(value.utf8)
        }
    }

    private mutating func write(global name: String) {
        memoized("global " + name) { writer in
            let dot = name.lastIndex(of: ".") ?? name.startIndex
            writer.put("c\(name[..<dot])\n\(name[dot...].dropFirst())\n")
        }
    }

    private mutating func write(_ tensor: SavedTensor) {
        let id = ObjectIdentifier(tensor.storage)
        let key = keys[id] ?? storages.count
        if keys.updateValue(key, forKey: id) == nil { storages.append(tensor.storage) }

        write(global: "torch._utils._rebuild_tensor_v2")
        put("(")
        write(
            .tuple([
                .string("storage"), .global("torch." + tensor.storage.type.rawValue), .string(String(key)),
                .string("cpu"), .int(tensor.storage.count),
            ])
        )
        put("Q")
        write(.int(tensor.offset))
        write(.tuple(tensor.shape.map(SavedValue.int)))
        write(.tuple(tensor.strides.map(SavedValue.int)))
        write(.bool(false))
        write(.orderedDictionary([]))
        put("tR")
    }

    private mutating func writeItems(_ entries: [(SavedValue, SavedValue)]) {
        put("(")
        for (key, value) in entries {
            write(key)
            write(value)
        }
        put("u")
    }

    private mutating func memoized(_ name: String, _ write: (inout PickleWriter) -> Void) {
        if let index = memo[name] {
            bytes += [UInt8(ascii: "j")] + littleEndian(UInt32(index))
            return
        }
        let index = memo.count
        write(&self)
        bytes += [UInt8(ascii: "r")] + littleEndian(UInt32(index))
        memo[name] = index
    }

    private mutating func put(_ ascii: String) {
        bytes += Array(ascii.utf8)
    }
}
