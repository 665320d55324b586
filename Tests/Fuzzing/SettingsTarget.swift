import YOLO

/// Fuzzes the file beside a model.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSettings(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = try? ModelSettings(yaml: String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
    return 0
}
