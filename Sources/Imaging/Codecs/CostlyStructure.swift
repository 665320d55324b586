/// What makes a picture cost far more than its bytes and pixels, found before a codec reads it.
///
/// A codec takes its time for each directory of a TIFF, and inflates every text in a PNG a thousandfold. No camera and
/// no program writes many of them. A decoder of HEIC or AVIF makes room for any frame that it finds. The scans of a JPEG
/// are counted as they are read, by ``JPEGPicture``.
enum CostlyStructure {
    /// Most directories of a TIFF: its pages.
    static let maximumDirectories = 1000

    /// Refuses a picture whose structure costs too much to read.
    static func check(_ bytes: RawSpan, as format: ImageFormat, limits: ImageLimits) throws(ImageError) {
        switch format {
        case .heic, .avif: try HEIFFrames.check(bytes, as: format, limits: limits)
        case .tiff where directoryCount(ofTIFF: bytes) > maximumDirectories:
            throw ImageError(
                .tooLarge,
                "the TIFF has more than \(maximumDirectories) pages: send the page that counts as a picture of its own"
            )
        case .gif where bytes.littleEndian16(at: 6) == 0 || bytes.littleEndian16(at: 8) == 0:
            throw ImageError(.corrupt, "the GIF has no pixels: save it again with another program")
        default: break
        }
    }

    /// The PNG without its texts, or nil where it has none.
    static func withoutTexts(inPNG bytes: RawSpan) -> [UInt8]? {
        var kept: [UInt8] = []
        var unsaved = 0
        var offset = 8
        while let length = bytes.bigEndian32(at: offset) {
            let next = offset + 12 + Int(length)
            if ["tEXt", "zTXt", "iTXt"].contains(where: { bytes.has($0, at: offset + 4) }) {
                kept.append(bytes, unsaved..<offset)
                unsaved = min(next, bytes.byteCount)
            }
            offset = next
        }
        guard unsaved > 0 else { return nil }
        kept.append(bytes, unsaved..<bytes.byteCount)
        return kept
    }

    /// How many directories follow each other, counted no further than is allowed.
    private static func directoryCount(ofTIFF bytes: RawSpan) -> Int {
        let isLittleEndian = bytes.has("II")
        let isBig = bytes.has([43], at: isLittleEndian ? 2 : 3)
        let (countSize, entrySize, offsetSize) = isBig ? (8, 20, 8) : (2, 12, 4)
        var count = 0
        var next = bytes.integer(at: isBig ? 8 : 4, size: offsetSize, isLittleEndian: isLittleEndian)
        while let offset = next, offset > 0, count <= maximumDirectories,
            let entries = bytes.integer(at: offset, size: countSize, isLittleEndian: isLittleEndian),
            entries < bytes.byteCount / entrySize
        {
            count += 1
            let end = offset + countSize + entries * entrySize
            next = bytes.integer(at: end, size: offsetSize, isLittleEndian: isLittleEndian)
        }
        return count
    }
}

extension Array<UInt8> {
    fileprivate mutating func append(_ bytes: RawSpan, _ range: Range<Int>) {
        bytes.withUnsafeBytes { append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
