/// Any bytes as a HEIC or AVIF whose frames are looked at before a decoder sees them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHEIF(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = RawSpan(_unsafeElements: UnsafeBufferPointer(start: start, count: count))
    try? HEIFFrames.check(bytes, as: .heic, limits: ImageLimits(maximumPixels: 1_000_000))
    return 0
}
