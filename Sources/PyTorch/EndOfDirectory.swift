/// The records at the end of a zip file, which say where its directory is.
struct EndOfDirectory {
    let entryCount: Int
    /// Where the directory is in the file.
    let directory: Range<Int>

    private static let byteCount = 22
    private static let locatorByteCount = 20
    private static let zip64ByteCount = 56

    /// Looks for the end in the file's last 64 KiB, for a comment may follow it.
    init(in bytes: [UInt8]) throws(PyTorchError) {
        let last = bytes.count - Self.byteCount
        let first = max(0, last - Int(UInt16.max))
        for offset in stride(from: last, through: first, by: -1) where bytes[offset] == UInt8(ascii: "P") {
            var cursor = ByteCursor(bytes, offset..<bytes.count, name: "the archive's end")
            guard try cursor.integer(as: UInt32.self) == 0x0605_4B50 else { continue }
            let disks = (try cursor.integer(as: UInt16.self), try cursor.integer(as: UInt16.self))
            let counts = (try cursor.integer(as: UInt16.self), try cursor.integer(as: UInt16.self))
            let byteCount = try cursor.integer(as: UInt32.self)
            let start = try cursor.integer(as: UInt32.self)
            guard Int(try cursor.integer(as: UInt16.self)) == cursor.remaining else { continue }

            guard disks == (0, 0), counts.0 == counts.1 else { throw Self.severalDisks }
            if let end = try Self(zip64LocatedBefore: offset, in: bytes) {
                // Two readers must not see two directories.
                guard counts.0 == .max || Int(counts.0) == end.entryCount,
                    byteCount == .max || Int(byteCount) == end.directory.count,
                    start == .max || Int(start) == end.directory.lowerBound
                else { throw .corrupt("the archive has two ends that differ") }
                self = end
            } else {
                try self.init(entryCount: Int(counts.0), start: Int(start), byteCount: Int(byteCount), limit: offset)
            }
            return
        }
        throw .corrupt("the archive has no end")
    }

    /// The record with numbers of 64 bits, which a locator right before the other record leads to.
    private init?(zip64LocatedBefore offset: Int, in bytes: [UInt8]) throws(PyTorchError) {
        let locator = offset - Self.locatorByteCount
        guard locator >= 0 else { return nil }
        var cursor = ByteCursor(bytes, locator..<offset, name: "the archive's end")
        guard try cursor.integer(as: UInt32.self) == 0x0706_4B50 else { return nil }
        let disk = try cursor.integer(as: UInt32.self)
        let start = try cursor.count64()
        guard disk == 0, try cursor.integer(as: UInt32.self) <= 1 else { throw Self.severalDisks }

        guard start <= locator - Self.zip64ByteCount else { throw .corrupt("the archive's end is not where it says") }
        cursor = ByteCursor(bytes, start..<locator, name: "the archive's end")
        guard try cursor.integer(as: UInt32.self) == 0x0606_4B50 else {
            throw .corrupt("the archive's end is not where it says")
        }
        // The record's length and the versions that wrote and can read it.
        _ = try cursor.take(12)
        guard try cursor.integer(as: UInt64.self) == 0 else { throw Self.severalDisks }
        let counts = (try cursor.count64(), try cursor.count64())
        guard counts.0 == counts.1 else { throw Self.severalDisks }
        let byteCount = try cursor.count64()
        try self.init(entryCount: counts.0, start: try cursor.count64(), byteCount: byteCount, limit: start)
    }

    private init(entryCount: Int, start: Int, byteCount: Int, limit: Int) throws(PyTorchError) {
        guard start <= limit, byteCount <= limit - start else {
            throw .corrupt("the archive's directory is not where it says")
        }
        self.entryCount = entryCount
        directory = start..<(start + byteCount)
    }

    private static var severalDisks: PyTorchError {
        PyTorchError(.unsupported, "the archive is split into several files, which torch.save does not do")
    }
}
