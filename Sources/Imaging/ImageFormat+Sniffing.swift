extension ImageFormat {
    /// The format that the bytes themselves claim, whatever a file's name or a header says.
    ///
    /// Looks at the first bytes only: a picture of that format may still turn out to be damaged.
    /// - Parameter bytes: A whole picture, or at least its first 64 bytes.
    /// - Returns: The format, or `nil` when it is none of those read here.
    public static func sniff(_ bytes: RawSpan) -> ImageFormat? {
        if bytes.has([0xFF, 0xD8, 0xFF]) { return .jpeg }
        if bytes.has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if bytes.has("GIF87a") || bytes.has("GIF89a") { return .gif }
        if bytes.has("RIFF") && bytes.has("WEBP", at: 8) { return .webp }
        if bytes.has("BM") && Bitmap.isHeaderLength(bytes.littleEndian32(at: 14)) { return .bmp }
        if bytes.has("ftyp", at: 4) { return sniffBrands(bytes) }
        // 42 is classic TIFF, 43 BigTIFF.
        for version in [42, 43] as [UInt8]
        where bytes.has([0x49, 0x49, version, 0]) || bytes.has([0x4D, 0x4D, 0, version]) {
            return .tiff
        }
        return nil
    }

    /// Finds out by the brands in the `ftyp` box what a HEIF file contains.
    ///
    /// The major brand may be a general one (`mif1`), which says nothing about the codec: then a compatible one does.
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
