extension ImageFormat {
    /// Detects the format from the bytes, regardless of a file name or media type.
    ///
    /// Reads only the first bytes, so the picture may still turn out to be damaged.
    /// - Parameter bytes: A complete picture, or at least its first 64 bytes.
    /// - Returns: The format, or `nil` if it is not an ``ImageFormat``.
    package static func sniff(_ bytes: RawSpan) -> ImageFormat? {
        if bytes.has([0xFF, 0xD8, 0xFF]) { return .jpeg }
        if bytes.has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if bytes.has("GIF87a") || bytes.has("GIF89a") { return .gif }
        if bytes.has("RIFF") && bytes.has("WEBP", at: 8) { return .webp }
        if bytes.has("BM") && Bitmap.isHeaderLength(bytes.littleEndian32(at: 14)) { return .bmp }
        if bytes.has("ftyp", at: 4) { return sniffBrands(bytes) }
        if bytes.has([0xFF, 0x0A]) || bytes.has([0, 0, 0, 0x0C] + Array("JXL \r\n".utf8)) { return .jxl }
        if PortablePixmap.hasSignature(bytes) { return .ppm }
        // 42 is classic TIFF, 43 BigTIFF.
        for version in [42, 43] as [UInt8]
        where bytes.has([0x49, 0x49, version, 0]) || bytes.has([0x4D, 0x4D, 0, version]) {
            return .tiff
        }
        return nil
    }

    /// Detects the format of a HEIF file from the brands in its `ftyp` box.
    ///
    /// The major brand may be a general one (`mif1`) that does not identify the codec; then a compatible brand does.
    private static func sniffBrands(_ bytes: RawSpan) -> ImageFormat? {
        let boxLength = Int(bytes.bigEndian32(at: 0) ?? 0)
        let major = 8
        let compatible = stride(from: 16, to: min(boxLength, bytes.byteCount, 256), by: 4)
        for offset in [major] + compatible {
            if bytes.has("avif", at: offset) || bytes.has("avis", at: offset) { return .avif }
            for brand in ["heic", "heix", "heim", "heis", "hevc", "hevx"] where bytes.has(brand, at: offset) {
                return .heic
            }
        }
        return nil
    }
}
