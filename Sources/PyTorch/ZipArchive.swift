internal import Basics

/// The entries of a zip file, read without copying.
///
/// Ambiguous archives are rejected: overlapping entries, duplicate names, and local headers that differ from the
/// central directory.
/// - SeeAlso: PKWARE, APPNOTE.TXT 6.3.10.
package struct ZipArchive {
    /// A file in the archive.
    package struct Entry: Sendable {
        /// Range of its data in the file.
        package let range: Range<Int>
        /// CRC-32 of its data, uncompressed; 0 if the writer omitted it, which is an option of PyTorch.
        package let checksum: UInt32
        package let isCompressed: Bool
        /// Number of bytes of the data, uncompressed, as the archive says.
        package let byteCount: Int
    }

    /// The complete file.
    package let bytes: [UInt8]
    /// Entries by name.
    package let entries: [String: Entry]

    /// Reads the central directory.
    ///
    /// - Parameters:
    ///   - bytes: The complete file.
    ///   - maximumEntries: Maximum number of entries.
    /// - Throws: ``PyTorchError`` with any code except ``PyTorchError/Code/unreadable``.
    package init(_ bytes: [UInt8], maximumEntries: Int) throws(PyTorchError) {
        let end = try EndOfDirectory(in: bytes)
        guard end.entryCount <= maximumEntries else {
            throw PyTorchError(
                .tooLarge,
                "the archive has \(end.entryCount) entries, more than the limit of \(maximumEntries)"
            )
        }
        var cursor = ByteCursor(bytes, end.directory, name: "the archive's directory")
        var headers: [DirectoryHeader] = []
        headers.reserveCapacity(min(end.entryCount, end.directory.count / DirectoryHeader.minimumByteCount))
        for _ in 0..<end.entryCount {
            headers.append(try DirectoryHeader(reading: &cursor))
        }
        guard cursor.remaining == 0 else { throw .corrupt("the archive's directory is longer than its entries") }

        headers.sort { $0.offset < $1.offset }
        var entries: [String: Entry] = [:]
        entries.reserveCapacity(headers.count)
        var free = 0
        for header in headers {
            guard header.offset >= free else { throw .corrupt("entries of the archive overlap") }
            let range = try header.dataRange(in: bytes, before: end.directory.lowerBound)
            free = range.upperBound
            let entry = Entry(
                range: range,
                checksum: header.checksum,
                isCompressed: header.isCompressed,
                byteCount: header.byteCount
            )
            guard entries.updateValue(entry, forKey: header.name) == nil else {
                throw .corrupt("two entries of the archive have the same name")
            }
        }
        self.bytes = bytes
        self.entries = entries
    }

    /// Returns the range of an entry's data after verifying its checksum, or nil if there is no such entry.
    ///
    /// It must be stored without compression, as `torch.save` does.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/unsupported`` if the entry is compressed, or
    ///   ``PyTorchError/Code/corrupt`` if the checksum does not match.
    func contents(of name: String) throws(PyTorchError) -> Range<Int>? {
        guard let entry = entries[name] else { return nil }
        guard !entry.isCompressed else {
            throw PyTorchError(
                .unsupported,
                "the archive is compressed: use the file written by torch.save"
            )
        }
        let checksum = bytes.withUnsafeBytes { CRC32.checksum(UnsafeRawBufferPointer(rebasing: $0[entry.range])) }
        guard entry.checksum == 0 || entry.checksum == checksum else {
            throw .corrupt("an entry of the archive does not match its checksum")
        }
        return entry.range
    }
}
