/// Fuzzes the pickle of a checkpoint with three storages.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPickle(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let pickle = [UInt8](UnsafeBufferPointer(start: start, count: count))
    let storages = [16, 2, 8].map { [UInt8](repeating: 0x3C, count: $0) }
    let zip = CheckpointWriter.zip(pickle: pickle, storages: storages)
    if let checkpoint = try? Checkpoint(bytes: zip.archive(), limits: limits) { walk(checkpoint.root) }
    return 0
}
