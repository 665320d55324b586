/// Checks for structures that take far more time or memory to decode than a picture's bytes and pixels suggest.
///
/// The checks run before a codec does and decode nothing. A codec spends time on each directory of a TIFF and inflates
/// each text chunk of a PNG up to a thousandfold, although no camera or program writes many of them. A HEIC or AVIF
/// decoder allocates memory for every frame that it finds. The scans of a JPEG are counted by ``JPEGPicture`` as it
/// reads them.
enum CostlyStructure {
    /// Maximum number of directories, which are the pages, in a TIFF.
    static let maximumDirectories = 1000

    /// Rejects a picture with a structure that costs too much to read.
    static func check(_ bytes: RawSpan, as format: ImageFormat, limits: ImageLimits) throws(ImageError) {
        switch format {
        case .heic, .avif: try HEIFFrames.check(bytes, as: format, limits: limits)
        case .tiff where directoryCount(ofTIFF: bytes) > maximumDirectories:
            throw ImageError(
                .tooLarge,
                "the TIFF has more than \(maximumDirectories) pages: send the page you need as a separate picture"
            )
        case .gif where bytes.littleEndian16(at: 6) == 0 || bytes.littleEndian16(at: 8) == 0:
            throw ImageError(.corrupt, "the GIF has no pixels: save it again with another program")
        default: break
        }
    }

    /// Returns the PNG without its text chunks, or nil if it has none.
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

    /// Counts the chained directories, up to one more than ``maximumDirectories``.
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
