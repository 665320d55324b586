/// The entries of a zip file, as `torch.save` writes them: stored as they are, and never copied here.
///
/// What could be read in two ways is refused: entries that overlap, that share a name, or whose local header says
/// otherwise than the directory.
/// - SeeAlso: PKWARE, APPNOTE.TXT 6.3.10.
struct ZipArchive {
    /// A file in the archive.
    struct Entry {
        /// Where its data is in the file.
        let range: Range<Int>
        /// CRC-32 of its data; 0 where the writer left it out, as PyTorch can be told to.
        let checksum: UInt32
        let isCompressed: Bool
    }

    /// The whole file.
    let bytes: [UInt8]
    /// By their names.
    let entries: [String: Entry]

    /// Reads the directory.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - maximumEntries: How many entries it may have.
    /// - Throws: ``PyTorchError`` with any code but ``PyTorchError/Code/unreadable``.
    init(_ bytes: [UInt8], maximumEntries: Int) throws(PyTorchError) {
        let end = try EndOfDirectory(in: bytes)
        guard end.entryCount <= maximumEntries else {
            throw PyTorchError(
                .tooLarge,
                "the archive has \(end.entryCount) entries, and at most \(maximumEntries) are read"
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
            let entry = Entry(range: range, checksum: header.checksum, isCompressed: header.isCompressed)
            guard entries.updateValue(entry, forKey: header.name) == nil else {
                throw .corrupt("two entries of the archive have the same name")
            }
        }
        self.bytes = bytes
        self.entries = entries
    }

    /// Where an entry's data is in the file, once it is sure to be what was written; nil where there is no such entry.
    func contents(of name: String) throws(PyTorchError) -> Range<Int>? {
        guard let entry = entries[name] else { return nil }
        guard !entry.isCompressed else {
            throw PyTorchError(
                .unsupported,
                "the archive is compressed, which torch.save does not do: give the file that it wrote"
            )
        }
        let checksum = bytes.withUnsafeBytes { CRC32.checksum(UnsafeRawBufferPointer(rebasing: $0[entry.range])) }
        guard entry.checksum == 0 || entry.checksum == checksum else {
            throw .corrupt("an entry of the archive is not what its checksum says")
        }
        return entry.range
    }
}
