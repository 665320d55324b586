/// The end-of-central-directory records of a zip file, which locate its directory.
struct EndOfDirectory {
    let entryCount: Int
    /// Range of the central directory in the file.
    let directory: Range<Int>

    private static let byteCount = 22
    private static let locatorByteCount = 20
    private static let zip64ByteCount = 56

    /// Searches for the end record in the last 64 KiB of the file, because a comment may follow it.
    init(in bytes: [UInt8]) throws(PyTorchError) {
        let last = bytes.count - Self.byteCount
        let first = max(0, last - Int(UInt16.max))
        for offset in stride(from: last, through: first, by: -1) where bytes[offset] == UInt8(ascii: "P") {
            var cursor = ByteCursor(bytes, offset..<bytes.count, name: "the archive's end record")
            guard try cursor.integer(as: UInt32.self) == 0x0605_4B50 else { continue }
            let disks = (try cursor.integer(as: UInt16.self), try cursor.integer(as: UInt16.self))
            let counts = (try cursor.integer(as: UInt16.self), try cursor.integer(as: UInt16.self))
            let byteCount = try cursor.integer(as: UInt32.self)
            let start = try cursor.integer(as: UInt32.self)
            guard Int(try cursor.integer(as: UInt16.self)) == cursor.remaining else { continue }

            guard disks == (0, 0), counts.0 == counts.1 else { throw Self.severalDisks }
            if let end = try Self(zip64LocatedBefore: offset, in: bytes) {
                // Otherwise readers that use either record could see different directories.
                guard counts.0 == .max || Int(counts.0) == end.entryCount,
                    byteCount == .max || Int(byteCount) == end.directory.count,
                    start == .max || Int(start) == end.directory.lowerBound
                else { throw .corrupt("the archive has two end records that differ") }
                self = end
            } else {
                try self.init(entryCount: Int(counts.0), start: Int(start), byteCount: Int(byteCount), limit: offset)
            }
            return
        }
        throw .corrupt("the archive has no end record")
    }

    /// Reads the ZIP64 end record; nil unless its locator directly precedes the end record at `offset`.
    private init?(zip64LocatedBefore offset: Int, in bytes: [UInt8]) throws(PyTorchError) {
        let locator = offset - Self.locatorByteCount
        guard locator >= 0 else { return nil }
        var cursor = ByteCursor(bytes, locator..<offset, name: "the archive's end record")
        guard try cursor.integer(as: UInt32.self) == 0x0706_4B50 else { return nil }
        let disk = try cursor.integer(as: UInt32.self)
        let start = try cursor.count64()
        guard disk == 0, try cursor.integer(as: UInt32.self) <= 1 else { throw Self.severalDisks }

        guard start <= locator - Self.zip64ByteCount else {
            throw .corrupt("the archive's end record is not at the offset in its locator")
        }
        cursor = ByteCursor(bytes, start..<locator, name: "the archive's end record")
        guard try cursor.integer(as: UInt32.self) == 0x0606_4B50 else {
            throw .corrupt("the archive's end record is not at the offset in its locator")
        }
        // Record size, version made by and version needed to extract.
        _ = try cursor.take(12)
        guard try cursor.integer(as: UInt64.self) == 0 else { throw Self.severalDisks }
        let counts = (try cursor.count64(), try cursor.count64())
        guard counts.0 == counts.1 else { throw Self.severalDisks }
        let byteCount = try cursor.count64()
        try self.init(entryCount: counts.0, start: try cursor.count64(), byteCount: byteCount, limit: start)
    }

    private init(entryCount: Int, start: Int, byteCount: Int, limit: Int) throws(PyTorchError) {
        guard start <= limit, byteCount <= limit - start else {
            throw .corrupt("the archive's directory is not at the offset in the end record")
        }
        self.entryCount = entryCount
        directory = start..<(start + byteCount)
    }

    private static var severalDisks: PyTorchError {
        PyTorchError(.unsupported, "the archive is split into several files: use the file written by torch.save")
    }
}
