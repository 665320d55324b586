/// How large a picture may be; checked before its pixels are decoded.
public struct ImageLimits: Hashable, Sendable {
    /// Most bytes of an encoded picture.
    public var maximumBytes: Int
    /// Most pixels: width times height.
    public var maximumPixels: Int

    /// Makes limits; each has a default that fits a photograph of any camera.
    public init(maximumBytes: Int = 32 << 20, maximumPixels: Int = 50_000_000) {
        self.maximumBytes = maximumBytes
        self.maximumPixels = maximumPixels
    }

    func check(byteCount: Int) throws(ImageError) {
        guard byteCount <= maximumBytes else {
            throw ImageError(
                .tooLarge,
                "the picture has \(byteCount) bytes, at most \(maximumBytes) are taken: compress it more or scale it down"
            )
        }
    }

    func check(width: Int, height: Int) throws(ImageError) {
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= maximumPixels else {
            throw ImageError(
                .tooLarge,
                "the picture is \(width)x\(height), at most \(maximumPixels) pixels are taken: scale it down"
            )
        }
    }
}
