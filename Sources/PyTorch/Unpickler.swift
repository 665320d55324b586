/// The stack machine of Python's pickles, as far as it makes values: it calls nothing.
///
/// Functions and classes are names to it. A few of them have a meaning here (see ``construct(_:_:)``); what any other
/// would return becomes a ``PickleObject``, which says what it would have been called with. Time and memory grow with
/// the pickle's size only, whatever it holds.
/// - SeeAlso: CPython 3.13, `Lib/pickletools.py`.
struct Unpickler: ~Copyable {
    let limits: Checkpoint.Limits
    var storages: StorageReader
    var cursor: ByteCursor
    var stack: [PickleValue] = []
    /// How much of the stack was there at each mark.
    var marks: [Int] = []
    var memo: [UInt32: PickleValue] = [:]
    /// Every node that was made.
    ///
    /// While it is here, to let go of one never lets go of a chain of others, which could be long enough to overflow
    /// the call stack.
    var nodes: [any PickleNode] = []
    /// How many values may still be made or copied.
    var valuesLeft: Int

    private var isDone = false

    /// Reads the pickle in `range` of an archive's bytes.
    init(_ storages: StorageReader, _ range: Range<Int>, limits: Checkpoint.Limits) {
        self.storages = storages
        self.limits = limits
        cursor = ByteCursor(storages.archive.bytes, range, name: "data.pkl")
        valuesLeft = limits.maximumValues
    }

    deinit {
        // What the result holds is shallow and without cycles, or there is no result.
        for node in nodes {
            if isDone, case .known = node.measure { continue }
            node.removeAll()
        }
    }

    /// Runs to the end.
    ///
    /// - Returns: The value that was saved.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt``, ``PyTorchError/Code/tooLarge`` or
    ///   ``PyTorchError/Code/unsupported``.
    mutating func load() throws(PyTorchError) -> PickleValue {
        while true {
            let byte = try cursor.integer(as: UInt8.self)
            guard let opcode = Opcode(rawValue: byte) else {
                throw .corrupt("data.pkl has the unknown opcode \(byte) at byte \(cursor.offset - 1) of the file")
            }
            guard opcode != .stop else { break }
            try execute(opcode)
        }
        let root = try pop()
        guard stack.isEmpty, marks.isEmpty else { throw damaged("has more than one value") }
        try NodeMeasurement.check(root, limits: limits)
        isDone = true
        return root
    }

    private mutating func execute(_ opcode: Opcode) throws(PyTorchError) {
        switch opcode {
        case .stop: break
        case .proto:
            let version = try cursor.integer(as: UInt8.self)
            guard version <= 5 else {
                throw PyTorchError(.unsupported, "data.pkl is of pickle protocol \(version), and 5 is the latest known")
            }
        // A promise about how many bytes can be read at once, which nothing here needs.
        case .frame: _ = try cursor.count64()

        case .none: try push(.none)
        case .newTrue: try push(.bool(true))
        case .newFalse: try push(.bool(false))
        case .binInt: try push(.int(Int(try cursor.integer(as: Int32.self))))
        case .binInt1: try push(.int(Int(try cursor.integer(as: UInt8.self))))
        case .binInt2: try push(.int(Int(try cursor.integer(as: UInt16.self))))
        case .long1: try pushLong(Int(try cursor.integer(as: UInt8.self)))
        case .long4: try pushLong(Int(try cursor.integer(as: Int32.self)))
        case .binFloat: try push(.float(Double(bitPattern: try cursor.integer(as: UInt64.self).byteSwapped)))
        case .shortBinString, .shortBinUnicode: try pushString(Int(try cursor.integer(as: UInt8.self)))
        case .binString, .binUnicode: try pushString(Int(try cursor.integer(as: UInt32.self)))
        case .binUnicode8: try pushString(try cursor.count64())
        case .shortBinBytes: try pushBytes(Int(try cursor.integer(as: UInt8.self)))
        case .binBytes: try pushBytes(Int(try cursor.integer(as: UInt32.self)))
        case .binBytes8, .byteArray8: try pushBytes(try cursor.count64())

        case .mark:
            try charge(1)
            marks.append(stack.count)
        case .pop: try discard()
        case .popMark: _ = try popMarked()
        case .dup: try push(try top())

        case .emptyList: try push(.list(makeList()))
        case .emptyTuple: try push(.tuple(makeList()))
        case .emptySet: try push(.set(makeList()))
        case .emptyDict: try push(.dictionary(makeDictionary()))
        case .list: try push(.list(makeList(try popMarked())))
        case .tuple: try push(.tuple(makeList(try popMarked())))
        case .tuple1: try push(.tuple(makeList(try pop(1))))
        case .tuple2: try push(.tuple(makeList(try pop(2))))
        case .tuple3: try push(.tuple(makeList(try pop(3))))
        case .frozenSet: try push(.set(makeList(try popMarked())))
        case .dict:
            let items = try popMarked()
            try push(.dictionary(makeDictionary()))
            try setItems(items)
        case .append: try append(try pop(1))
        case .appends, .addItems: try append(try popMarked())
        case .setItem: try setItems(try pop(2))
        case .setItems: try setItems(try popMarked())

        case .binPut: try memoize(UInt32(try cursor.integer(as: UInt8.self)))
        case .longBinPut: try memoize(try cursor.integer(as: UInt32.self))
        case .memoize: try memoize(UInt32(memo.count))
        case .binGet: try recall(UInt32(try cursor.integer(as: UInt8.self)))
        case .longBinGet: try recall(try cursor.integer(as: UInt32.self))

        case .global, .stackGlobal: try pushGlobal(opcode)
        case .reduce, .newObject, .newObjectExtended: try call(opcode)
        case .build: try build()
        case .binPersistentID: try push(try storages.storage(try pop()))
        }
    }
}
