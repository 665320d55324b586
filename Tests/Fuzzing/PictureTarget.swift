import Imaging

/// Fuzzes the decoding of pictures of all formats, as a decoding process does it.
///
/// The first byte chooses the options.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPicture(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    PictureCodecs.start()
    guard let start, count > 0 else { return 0 }
    let choice = start[0]
    let bytes = RawSpan(_unsafeElements: UnsafeBufferPointer(start: start + 1, count: count - 1))
    let limits = ImageLimits(maximumPixels: 1 << 18)
    let options = DecodingOptions(
        limits: limits,
        embeddedProfile: choice & 1 == 0 ? .apply : .ignore,
        acceptsTruncated: choice & 2 != 0
    )
    let info = try? ImageInfo(reading: bytes, limits: limits)
    if let image = try? ReducedImage.decode(bytes, options, forSide: choice & 4 == 0 ? .max : 32) {
        precondition(image.width * image.height <= limits.maximumPixels, "a picture above the limit")
        precondition(info?.width == image.width && info?.height == image.height, "the header has another size")
        let sum = image.pixels.withUnsafePixels { $0.reduce(into: 0) { $0 &+= Int($1) } }
        precondition(sum >= 0)
    }
    return 0
}
