/// Limits on a picture's size, checked before its pixels are decoded.
public struct ImageLimits: Hashable, Sendable {
    /// Maximum number of bytes of an encoded picture.
    public var maximumBytes: Int
    /// Maximum number of pixels: width times height.
    public var maximumPixels: Int

    /// Makes limits; the defaults fit a photograph from any camera.
    public init(maximumBytes: Int = 32 << 20, maximumPixels: Int = 50_000_000) {
        self.maximumBytes = maximumBytes
        self.maximumPixels = maximumPixels
    }

    package func check(byteCount: Int) throws(ImageError) {
        guard byteCount <= maximumBytes else {
            throw ImageError(
                .tooLarge,
                "the picture has \(byteCount) bytes, more than the limit of \(maximumBytes): "
                    + "compress it more or scale it down"
            )
        }
    }

    func check(width: Int, height: Int) throws(ImageError) {
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= maximumPixels else {
            throw ImageError(
                .tooLarge,
                "the picture is \(width)x\(height), more than the limit of \(maximumPixels) pixels: scale it down"
            )
        }
    }
}
