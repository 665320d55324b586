/// Writes zip files like PyTorch: stored entries, data aligned to 64 bytes, sizes after the data.
package struct ZipWriter: Sendable {
    /// An entry's record in the central directory; tests may falsify it.
    package struct Entry: Sendable {
        package var name: [UInt8]
        /// Bit 3: the checksum and sizes follow the data; bit 11: the name is UTF-8.
        package var flags: UInt16 = 0x0808
        /// 0 is stored, 8 is deflated.
        package var method: UInt16 = 0
        package var checksum: UInt32
        package var storedByteCount: UInt32
        package var byteCount: UInt32
        package var extra: [UInt8] = []
        package var disk: UInt16 = 0
        /// Offset of the local header in the file.
        package var offset: UInt32
    }

    /// All entries so far, in directory order.
    package var entries: [Entry] = []
    /// Entry count in the end records; nil for the correct one.
    package var claimedCount: UInt64?
    /// Whether to write a ZIP64 end record; PyTorch always does.
    package var hasZip64End = true
    /// Whether only the ZIP64 end record has the values, and the other marks them as too large.
    package var needsZip64End = false
    /// Archive comment, which follows the end record.
    package var comment: [UInt8] = []

    private var bytes: [UInt8] = []

    /// Creates an empty archive.
    package init() {}

    /// Appends an entry; with a `method` other than 0, `data` must already be compressed.
    package mutating func add(_ name: String, _ data: [UInt8], method: UInt16 = 0) {
        let entry = Entry(
            name: Array(name.utf8),
            method: method,
            checksum: crc32(data),
            storedByteCount: UInt32(data.count),
            byteCount: UInt32(data.count),
            offset: UInt32(bytes.count)
        )
        entries.append(entry)
        // Checksum and sizes are 0 in the local header; the padding is an extra field with the ID "FB".
        let padding = 63 - (bytes.count + 30 + entry.name.count + 4 + 63) % 64
        bytes += littleEndian(0x0403_4B50 as UInt32) + littleEndian(0 as UInt16)
        bytes += littleEndian(entry.flags) + littleEndian(method) + [UInt8](repeating: 0, count: 16)
        bytes += littleEndian(UInt16(entry.name.count)) + littleEndian(UInt16(4 + padding)) + entry.name
        bytes += Array("FB".utf8) + littleEndian(UInt16(padding)) + Array(repeating: UInt8(ascii: "Z"), count: padding)
        bytes += data
        bytes += littleEndian(0x0807_4B50 as UInt32) + littleEndian(entry.checksum)
        bytes += littleEndian(entry.storedByteCount) + littleEndian(entry.byteCount)
    }

    /// Returns the archive with its central directory.
    package func archive() -> [UInt8] {
        let directory = entries.flatMap(\.directoryBytes)
        let count = claimedCount ?? UInt64(entries.count)
        var archive = bytes + directory
        if hasZip64End {
            let end = archive.count
            archive += littleEndian(0x0606_4B50 as UInt32) + littleEndian(44 as UInt64)
            archive += littleEndian(0x002D_031E as UInt32) + littleEndian(0 as UInt64)
            archive += littleEndian(count) + littleEndian(count)
            archive += littleEndian(UInt64(directory.count)) + littleEndian(UInt64(bytes.count))
            archive += littleEndian(0x0706_4B50 as UInt32) + littleEndian(0 as UInt32)
            archive += littleEndian(UInt64(end)) + littleEndian(1 as UInt32)
        }
        let shortCount = needsZip64End ? UInt16.max : UInt16(clamping: count)
        archive += littleEndian(0x0605_4B50 as UInt32) + littleEndian(0 as UInt32)
        archive += littleEndian(shortCount) + littleEndian(shortCount)
        archive += littleEndian(needsZip64End ? UInt32.max : UInt32(directory.count))
        archive += littleEndian(needsZip64End ? UInt32.max : UInt32(bytes.count))
        return archive + littleEndian(UInt16(comment.count)) + comment
    }
}

extension ZipWriter.Entry {
    fileprivate var directoryBytes: [UInt8] {
        var bytes = littleEndian(0x0201_4B50 as UInt32) + littleEndian(0 as UInt32)
        bytes += littleEndian(flags) + littleEndian(method) + littleEndian(0 as UInt32)
        bytes += littleEndian(checksum) + littleEndian(storedByteCount) + littleEndian(byteCount)
        bytes += littleEndian(UInt16(name.count)) + littleEndian(UInt16(extra.count)) + littleEndian(0 as UInt16)
        bytes += littleEndian(disk) + [UInt8](repeating: 0, count: 6) + littleEndian(offset)
        return bytes + name + extra
    }
}

private let crc32Table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
}

/// Returns the CRC-32 that zip files use.
package func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crc, byte in crc32Table[Int((crc ^ UInt32(byte)) & 0xFF)] ^ crc >> 8 }
}
