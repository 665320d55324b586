import CVips

extension RGBImage {
    /// Encodes the picture; the same picture and settings always give the same bytes, with no metadata.
    ///
    /// Settings are for speed: a picture of 640x480 takes a few milliseconds. Below a quality of 90, JPEG stores
    /// colour at half the resolution.
    /// - Parameters:
    ///   - format: One of ``ImageFormat/encodable``.
    ///   - quality: `1...100`, more is better and larger; PNG loses nothing whatever it is.
    /// - Returns: The whole file.
    /// - Throws: ``ImageError`` with ``ImageError/Code/unsupportedSize`` when the format cannot hold so long a side
    ///   (WebP: 16383, JPEG: 65500), with ``ImageError/Code/encodingFailed`` when it is only read.
    public func encoded(as format: ImageFormat, quality: Int = 90) throws(ImageError) -> [UInt8] {
        let quality = CInt(min(max(quality, 1), 100))
        let save: (UnsafeMutablePointer<VipsImage>, inout UnsafeMutableRawPointer?, inout Int) -> CInt
        switch format {
        case .jpeg: save = { cvips_save_jpeg($0, &$1, &$2, quality) }
        case .png: return PNGEncoder.encode(self)
        case .webp: save = { cvips_save_webp($0, &$1, &$2, quality) }
        default:
            let known = ImageFormat.encodable.map(\.description).joined(separator: ", ")
            throw ImageError(.encodingFailed, "\(format) is read but not written: ask for one of \(known)")
        }
        // What libwebp and libjpeg-turbo state as WEBP_MAX_DIMENSION and JPEG_MAX_DIMENSION.
        let longestSide = format == .webp ? 16_383 : 65_500
        guard max(width, height) <= longestSide else {
            throw ImageError(
                .unsupportedSize,
                "the picture is \(width)x\(height), too long for \(format), which ends at \(longestSide): ask for PNG"
            )
        }
        return try withVipsPicture { picture throws(VipsError) in
            try picture.encoded(save)
        } failure: { error in
            ImageError(
                .encodingFailed,
                "the picture, \(width)x\(height), cannot be written as \(format): ask for PNG",
                cause: error
            )
        }
    }

    /// Calls `body` with this picture as libvips sees it, without copying its pixels.
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
