/// What the directory of a zip file says about one entry.
struct DirectoryHeader {
    static let minimumByteCount = 46
    private static let maximumNameByteCount = 512

    let name: String
    let checksum: UInt32
    /// Where the entry's local header begins.
    let offset: Int

    private let nameRange: Range<Int>
    private let method: UInt16
    private let storedByteCount: Int

    /// Reads the next entry of a directory.
    init(reading cursor: inout ByteCursor) throws(PyTorchError) {
        guard try cursor.integer(as: UInt32.self) == 0x0201_4B50 else {
            throw .corrupt("the archive's directory has an entry that is none")
        }
        // The versions that wrote and can read it.
        _ = try cursor.take(4)
        let flags = try cursor.integer(as: UInt16.self)
        method = try cursor.integer(as: UInt16.self)
        // Time and date.
        _ = try cursor.take(4)
        checksum = try cursor.integer(as: UInt32.self)
        let shortStoredByteCount = try cursor.integer(as: UInt32.self)
        let shortByteCount = try cursor.integer(as: UInt32.self)
        let nameByteCount = Int(try cursor.integer(as: UInt16.self))
        let extraByteCount = Int(try cursor.integer(as: UInt16.self))
        let commentByteCount = Int(try cursor.integer(as: UInt16.self))
        let disk = try cursor.integer(as: UInt16.self)
        // Attributes.
        _ = try cursor.take(6)
        let shortOffset = try cursor.integer(as: UInt32.self)
        nameRange = cursor.offset..<(cursor.offset + nameByteCount)
        name = try cursor.string(nameByteCount)
        guard nameByteCount <= Self.maximumNameByteCount else {
            throw PyTorchError(.tooLarge, "an entry of the archive has a name of \(nameByteCount) bytes")
        }
        var large = try Self.zip64Field(in: try cursor.part(extraByteCount, name: "an entry's extra field"))
        _ = try cursor.take(commentByteCount)

        // The large numbers are there for those that do not fit, in this order.
        let byteCount = shortByteCount == .max ? try large.count64() : Int(shortByteCount)
        storedByteCount = shortStoredByteCount == .max ? try large.count64() : Int(shortStoredByteCount)
        offset = shortOffset == .max ? try large.count64() : Int(shortOffset)

        guard flags & Self.encryptionFlags == 0 else {
            throw PyTorchError(.unsupported, "the archive is encrypted, which torch.save does not do")
        }
        guard disk == 0, method != 0 || byteCount == storedByteCount else {
            throw .corrupt("an entry of the archive has two sizes, or lies in another file")
        }
    }

    /// Whether the data has to be unpacked.
    var isCompressed: Bool { method != 0 }

    /// Where the entry's data is, as its local header says.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - limit: Where the directory begins.
    /// - Returns: A part of the file before `limit`.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` where the two headers differ.
    func dataRange(in bytes: [UInt8], before limit: Int) throws(PyTorchError) -> Range<Int> {
        guard offset <= limit else { throw .corrupt("an entry of the archive is not where the directory says") }
        var cursor = ByteCursor(bytes, offset..<limit, name: "an entry of the archive")
        guard try cursor.integer(as: UInt32.self) == 0x0403_4B50 else {
            throw .corrupt("an entry of the archive is not where the directory says")
        }
        _ = try cursor.take(2)
        let flags = try cursor.integer(as: UInt16.self)
        let localMethod = try cursor.integer(as: UInt16.self)
        // Time, date, checksum and sizes: PyTorch writes them behind the data only.
        _ = try cursor.take(16)
        let nameByteCount = Int(try cursor.integer(as: UInt16.self))
        let extraByteCount = Int(try cursor.integer(as: UInt16.self))
        let localName = try cursor.take(nameByteCount)
        guard flags & Self.encryptionFlags == 0, localMethod == method, bytes[localName] == bytes[nameRange] else {
            throw .corrupt("an entry of the archive is not what the directory says")
        }
        _ = try cursor.take(extraByteCount)
        return try cursor.take(storedByteCount)
    }

    /// Encrypted, strongly encrypted, with an encrypted directory.
    private static let encryptionFlags: UInt16 = 1 << 0 | 1 << 6 | 1 << 13

    /// The extra field with numbers of 64 bits; empty where there is none.
    private static func zip64Field(in extra: consuming ByteCursor) throws(PyTorchError) -> ByteCursor {
        while extra.remaining > 0 {
            let id = try extra.integer(as: UInt16.self)
            let field = try extra.part(Int(try extra.integer(as: UInt16.self)), name: "an entry's extra field")
            if id == 1 { return field }
        }
        return extra
    }
}
