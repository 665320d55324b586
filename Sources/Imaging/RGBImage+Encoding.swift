import CJPEG
import CVips
import CWebP
import Glibc

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
    ///   codec fails, with ``ImageError/Code/stopped`` soon after the task is cancelled.
    public func encoded(as format: ImageFormat, quality: Int = 90) throws(ImageError) -> [UInt8] {
        let quality = CInt(min(max(quality, 1), 100))
        // `WEBP_MAX_DIMENSION` of libwebp and `JPEG_MAX_DIMENSION` of libjpeg-turbo.
        let longestSides = [ImageFormat.webp: 16_383, .jpeg: 65_500]
        if let longestSide = longestSides[format], max(width, height) > longestSide {
            throw ImageError(
                .unsupportedSize,
                "the picture is \(width)x\(height), but \(format) allows only \(longestSide) pixels a side: choose PNG"
            )
        }
        switch format {
        case .png: return try PNGEncoder.encode(self)
        case .jpeg:
            let (columns, rows) = (UInt32(width), UInt32(height))
            return try encoded(as: format) { cjpeg_write($0, columns, rows, quality, { Task.isCancelled }, &$1) }
        case .webp:
            let (columns, rows) = (CInt(width), CInt(height))
            return try encoded(as: format) { cwebp_encode($0, columns, rows, quality, { Task.isCancelled }, &$1) }
        default:
            let known = ImageFormat.encodable.map(\.description).joined(separator: ", ")
            throw ImageError(.encodingFailed, "\(format) can be read but not written: choose one of \(known)")
        }
    }

    /// Encodes with a function of C, which returns memory and the number of bytes in it.
    private func encoded(
        as format: ImageFormat,
        _ encode: (UnsafePointer<UInt8>?, inout Int) -> UnsafeMutablePointer<UInt8>?
    ) throws(ImageError) -> [UInt8] {
        let bytes = withUnsafePixels { pixels in
            var count = 0
            let bytes = encode(pixels.baseAddress, &count)
            // libwebp and libjpeg-turbo allocate with malloc.
            defer { free(bytes) }
            return bytes.map { Array(UnsafeBufferPointer(start: $0, count: count)) }
        }
        if let bytes { return bytes }
        throw Task.isCancelled
            ? .stopped
            : ImageError(
                .encodingFailed,
                "the picture of \(width)x\(height) cannot be written as \(format): choose PNG"
            )
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
                throw Task.isCancelled ? .stopped : failure(error)
            }
        }
    }
}
