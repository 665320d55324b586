import CVips

extension RGBImage {
    /// Encodes the picture without metadata; the same picture and settings always produce the same bytes.
    ///
    /// The settings favour speed: a picture of 640x480 takes a few milliseconds. Below a quality of 90, JPEG stores
    /// colour at half the resolution.
    /// - Parameters:
    ///   - format: One of ``ImageFormat/encodable``.
    ///   - quality: `1...100`, higher is better and larger; other values are clamped. Ignored for lossless PNG.
    /// - Returns: The complete file.
    /// - Throws: ``ImageError`` with ``ImageError/Code/unsupportedSize`` if a side is longer than the format allows
    ///   (WebP: 16383, JPEG: 65500), with ``ImageError/Code/encodingFailed`` if the format can only be read or its
    ///   codec fails.
    public func encoded(as format: ImageFormat, quality: Int = 90) throws(ImageError) -> [UInt8] {
        let quality = CInt(min(max(quality, 1), 100))
        let save: (UnsafeMutablePointer<VipsImage>, inout UnsafeMutableRawPointer?, inout Int) -> CInt
        switch format {
        case .jpeg: save = { cvips_save_jpeg($0, &$1, &$2, quality) }
        case .png: return PNGEncoder.encode(self)
        case .webp: save = { cvips_save_webp($0, &$1, &$2, quality) }
        default:
            let known = ImageFormat.encodable.map(\.description).joined(separator: ", ")
            throw ImageError(.encodingFailed, "\(format) can be read but not written: choose one of \(known)")
        }
        // `WEBP_MAX_DIMENSION` of libwebp and `JPEG_MAX_DIMENSION` of libjpeg-turbo.
        let longestSide = format == .webp ? 16_383 : 65_500
        guard max(width, height) <= longestSide else {
            throw ImageError(
                .unsupportedSize,
                "the picture is \(width)x\(height), but \(format) allows only \(longestSide) pixels a side: choose PNG"
            )
        }
        return try withVipsPicture { picture throws(VipsError) in
            try picture.encoded(save)
        } failure: { error in
            ImageError(
                .encodingFailed,
                "the picture of \(width)x\(height) cannot be written as \(format): choose PNG",
                cause: error
            )
        }
    }

    /// Calls `body` with a libvips image of this picture, without copying its pixels.
    func withVipsPicture<Result>(
        _ body: (consuming VipsPicture) throws(VipsError) -> Result,
        failure: (VipsError) -> ImageError
    ) throws(ImageError) -> Result {
        try withUnsafePixels { pixels throws(ImageError) in
            do throws(VipsError) {
                return try body(try VipsPicture(wrapping: pixels, width: width, height: height))
            } catch {
                throw failure(error)
            }
        }
    }
}
