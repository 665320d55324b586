/// Fuzzes the frame check that precedes the decoding of a HEIC or AVIF.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHEIF(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = RawSpan(_unsafeElements: UnsafeBufferPointer(start: start, count: count))
    try? HEIFFrames.check(bytes, as: .heic, limits: ImageLimits(maximumPixels: 1_000_000))
    return 0
}
