/// A stack machine for Python pickles that builds values and calls nothing.
///
/// Functions and classes are only names. A few are known (see ``construct(_:_:)``); a call to any other becomes a
/// ``PickleObject`` that records its arguments. Time and memory grow only with the pickle's size, whatever its content.
/// - SeeAlso: CPython 3.13, `Lib/pickletools.py`.
struct Unpickler: ~Copyable {
    let limits: Checkpoint.Limits
    var storages: StorageReader
    var cursor: ByteCursor
    var stack: [PickleValue] = []
    /// Size of the stack at each mark.
    var marks: [Int] = []
    var memo: [UInt32: PickleValue] = [:]
    /// All nodes created so far.
    ///
    /// References from here keep the release of one node from releasing a chain of others, which could be long enough
    /// to overflow the call stack.
    var nodes: [any PickleNode] = []
    /// Number of values that may still be created or copied.
    var valuesLeft: Int

    private var isDone = false

    /// Prepares to read the pickle in `range` of the archive's bytes.
    init(_ storages: StorageReader, _ range: Range<Int>, limits: Checkpoint.Limits) {
        self.storages = storages
        self.limits = limits
        cursor = ByteCursor(storages.archive.bytes, range, name: "data.pkl")
        valuesLeft = limits.maximumValues
    }

    deinit {
        // Nodes of a result are shallow and acyclic; others may not be, so empty them before release.
        for node in nodes {
            if isDone, case .known = node.measure { continue }
            node.removeAll()
        }
    }

    /// Executes the pickle up to its STOP opcode.
    ///
    /// - Returns: The saved value.
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
        guard stack.isEmpty, marks.isEmpty else { throw damaged("leaves more than one value on the stack") }
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
                throw PyTorchError(
                    .unsupported,
                    "data.pkl has pickle protocol \(version), and the latest supported one is 5"
                )
            }
        // The frame's size is a hint for buffered reading, which is not needed here.
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
