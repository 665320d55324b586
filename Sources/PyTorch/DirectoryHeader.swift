/// An entry's record in the central directory of a zip file.
struct DirectoryHeader {
    static let minimumByteCount = 46
    private static let maximumNameByteCount = 512

    let name: String
    let checksum: UInt32
    /// Offset of the entry's local header in the file.
    let offset: Int

    private let nameRange: Range<Int>
    private let method: UInt16
    private let storedByteCount: Int
    /// Number of bytes of the data, uncompressed.
    let byteCount: Int

    /// Reads the next record of a central directory.
    init(reading cursor: inout ByteCursor) throws(PyTorchError) {
        guard try cursor.integer(as: UInt32.self) == 0x0201_4B50 else {
            throw .corrupt("the archive's directory has an invalid entry")
        }
        // Version made by and version needed to extract.
        _ = try cursor.take(4)
        let flags = try cursor.integer(as: UInt16.self)
        method = try cursor.integer(as: UInt16.self)
        // Modification time and date.
        _ = try cursor.take(4)
        checksum = try cursor.integer(as: UInt32.self)
        let shortStoredByteCount = try cursor.integer(as: UInt32.self)
        let shortByteCount = try cursor.integer(as: UInt32.self)
        let nameByteCount = Int(try cursor.integer(as: UInt16.self))
        let extraByteCount = Int(try cursor.integer(as: UInt16.self))
        let commentByteCount = Int(try cursor.integer(as: UInt16.self))
        let disk = try cursor.integer(as: UInt16.self)
        // Internal and external file attributes.
        _ = try cursor.take(6)
        let shortOffset = try cursor.integer(as: UInt32.self)
        nameRange = cursor.offset..<(cursor.offset + nameByteCount)
        name = try cursor.string(nameByteCount)
        guard nameByteCount <= Self.maximumNameByteCount else {
            throw PyTorchError(
                .tooLarge,
                "an entry of the archive has a name of \(nameByteCount) bytes, "
                    + "more than the limit of \(Self.maximumNameByteCount)"
            )
        }
        var large = try Self.zip64Field(in: try cursor.part(extraByteCount, name: "an entry's extra field"))
        _ = try cursor.take(commentByteCount)

        // Fields that do not fit in 32 bits are all ones here and follow in the ZIP64 field, in this order.
        byteCount = shortByteCount == .max ? try large.count64() : Int(shortByteCount)
        storedByteCount = shortStoredByteCount == .max ? try large.count64() : Int(shortStoredByteCount)
        offset = shortOffset == .max ? try large.count64() : Int(shortOffset)

        guard flags & Self.encryptionFlags == 0 else {
            throw PyTorchError(.unsupported, "the archive is encrypted: use the file written by torch.save")
        }
        guard disk == 0, method != 0 || byteCount == storedByteCount else {
            throw .corrupt("an entry of the archive has contradictory sizes or is on another disk")
        }
    }

    /// Whether the data is compressed.
    var isCompressed: Bool { method != 0 }

    /// Returns the range of the entry's data, according to its local header.
    ///
    /// - Parameters:
    ///   - bytes: The complete file.
    ///   - limit: Offset of the central directory.
    /// - Returns: A range of the file that ends at or before `limit`.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/corrupt`` if the two headers differ.
    func dataRange(in bytes: [UInt8], before limit: Int) throws(PyTorchError) -> Range<Int> {
        guard offset <= limit else { throw .corrupt("an entry of the archive is not at the offset in the directory") }
        var cursor = ByteCursor(bytes, offset..<limit, name: "an entry of the archive")
        guard try cursor.integer(as: UInt32.self) == 0x0403_4B50 else {
            throw .corrupt("an entry of the archive is not at the offset in the directory")
        }
        _ = try cursor.take(2)
        let flags = try cursor.integer(as: UInt16.self)
        let localMethod = try cursor.integer(as: UInt16.self)
        // Time, date, checksum and sizes: PyTorch writes checksum and sizes only after the data.
        _ = try cursor.take(16)
        let nameByteCount = Int(try cursor.integer(as: UInt16.self))
        let extraByteCount = Int(try cursor.integer(as: UInt16.self))
        let localName = try cursor.take(nameByteCount)
        guard flags & Self.encryptionFlags == 0, localMethod == method, bytes[localName] == bytes[nameRange] else {
            throw .corrupt("an entry of the archive does not match the directory")
        }
        _ = try cursor.take(extraByteCount)
        return try cursor.take(storedByteCount)
    }

    /// Flags for encryption, strong encryption and an encrypted central directory.
    private static let encryptionFlags: UInt16 = 1 << 0 | 1 << 6 | 1 << 13

    /// Returns the ZIP64 extra field, or an empty cursor if there is none.
    private static func zip64Field(in extra: consuming ByteCursor) throws(PyTorchError) -> ByteCursor {
        while extra.remaining > 0 {
            let id = try extra.integer(as: UInt16.self)
            let field = try extra.part(Int(try extra.integer(as: UInt16.self)), name: "an entry's extra field")
            if id == 1 { return field }
        }
        return extra
    }
}
