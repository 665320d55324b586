/// Formats that cannot be read, but are recognised so that an error can name them.
enum UnsupportedFormat {
    private static let signatures: [(name: String, offset: Int, bytes: [UInt8])] = [
        ("JPEG 2000", 4, Array("jP  \r\n".utf8)),
        ("JPEG 2000", 0, [0xFF, 0x4F, 0xFF, 0x51]),
        ("JPEG XR", 0, [0x49, 0x49, 0xBC]),
        ("A Windows icon (ICO)", 0, [0, 0, 1, 0]),
        ("A Windows cursor (CUR)", 0, [0, 0, 2, 0]),
        ("A Photoshop file (PSD)", 0, Array("8BPS".utf8)),
        ("A GIMP file (XCF)", 0, Array("gimp xcf".utf8)),
        ("OpenEXR", 0, [0x76, 0x2F, 0x31, 0x01]),
        ("Radiance HDR", 0, Array("#?R".utf8)),
        ("FITS", 0, Array("SIMPLE  =".utf8)),
        ("QOI", 0, Array("qoif".utf8)),
        ("A DDS texture", 0, Array("DDS ".utf8)),
        ("FLIF", 0, Array("FLIF".utf8)),
        ("DICOM", 128, Array("DICM".utf8)),
        ("A portable bitmap (PBM)", 0, Array("P1".utf8)),
        ("A portable bitmap (PBM)", 0, Array("P4".utf8)),
        ("A portable arbitrary map (PAM)", 0, Array("P7\n".utf8)),
        ("A camera's raw file (RAF)", 0, Array("FUJIFILMCCD-RAW".utf8)),
        ("PDF", 0, Array("%PDF-".utf8)),
        ("PostScript", 0, Array("%!PS".utf8)),
        ("SVG", 0, Array("<svg".utf8)),
        ("XML or SVG", 0, Array("<?xml".utf8)),
        ("HTML", 0, Array("<!doctype html".utf8)),
        ("HTML", 0, Array("<!DOCTYPE html".utf8)),
        ("HTML", 0, Array("<html".utf8)),
        ("A file compressed with gzip", 0, [0x1F, 0x8B]),
        ("A file compressed with Zstandard", 0, [0x28, 0xB5, 0x2F, 0xFD]),
        ("A file compressed with zip", 0, [0x50, 0x4B, 0x03, 0x04]),
        ("AVI video", 8, Array("AVI ".utf8)),
        ("Matroska or WebM video", 0, [0x1A, 0x45, 0xDF, 0xA3]),
        ("FLV video", 0, Array("FLV".utf8)),
        ("MPEG video", 0, [0, 0, 1, 0xBA]),
        ("MPEG video", 0, [0, 0, 1, 0xB3]),
    ]

    /// Returns the format's name, to begin a sentence; nil if it is not known either.
    static func name(of bytes: RawSpan) -> String? {
        if bytes.has("ftyp", at: 4) {
            let isPicture = ["mif1", "msf1", "miaf", "heif"].contains { bytes.has($0, at: 8) }
            return isPicture ? "HEIF with a codec other than HEVC and AV1" : "MP4 or QuickTime video"
        }
        return signatures.first { bytes.has($0.bytes, at: $0.offset) }?.name
    }
}
