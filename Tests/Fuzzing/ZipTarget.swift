/// Fuzzes the complete file of a checkpoint.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzZip(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    if let archive = try? ZipArchive(bytes, maximumEntries: limits.maximumEntries) {
        var free = 0
        for (name, entry) in archive.entries.sorted(by: { $0.value.range.lowerBound < $1.value.range.lowerBound }) {
            // Entries are within the file and do not overlap.
            precondition(entry.range.lowerBound >= free && entry.range.upperBound <= count)
            free = entry.range.upperBound
            _ = try? archive.contents(of: name)
        }
    }
    if let checkpoint = try? Checkpoint(bytes: bytes, limits: limits) { walk(checkpoint.root) }
    return 0
}
