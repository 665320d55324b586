/// What makes a picture cost far more than its bytes and pixels, found before a codec reads it.
///
/// A codec takes its time for each scan of a JPEG and each directory of a TIFF, and inflates every text in a PNG a
/// thousandfold. No camera and no program writes many of them.
enum CostlyStructure {
    /// Most scans of a JPEG; a progressive one has about ten.
    static let maximumScans = 100
    /// Most directories of a TIFF: its pages.
    static let maximumDirectories = 1000

    /// Refuses a picture whose structure costs too much to read.
    static func check(_ bytes: RawSpan, as format: ImageFormat) throws(ImageError) {
        switch format {
        case .jpeg where scanCount(ofJPEG: bytes) > maximumScans:
            throw ImageError(
                .tooLarge,
                "the JPEG has more than \(maximumScans) scans: save it again with another program"
            )
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

    /// How many scans come before the end of the picture; what a phone appends behind it does not count.
    private static func scanCount(ofJPEG bytes: RawSpan) -> Int {
        var count = 0
        var offset = 2
        while let marker = bytes.jpegMarker(from: &offset), marker != 0xD9 {
            if marker == 0xDA { count += 1 }
            offset += Int(bytes.bigEndian16(at: offset) ?? 0)
        }
        return count
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

extension RawSpan {
    /// The next marker of a JPEG that begins a segment or ends the picture; `offset` is moved behind it.
    fileprivate func jpegMarker(from offset: inout Int) -> UInt8? {
        withUnsafeBytes { buffer in
            while offset < buffer.count, let start = buffer[offset...].firstIndex(of: 0xFF), start + 1 < buffer.count {
                switch buffer[start + 1] {
                // A byte of FF in a scan's data, or a marker without a segment.
                case 0x00, 0x01, 0xD0...0xD8: offset = start + 2
                // Filling before a marker.
                case 0xFF: offset = start + 1
                case let marker:
                    offset = start + 2
                    return marker
                }
            }
            return nil
        }
    }

    /// An unsigned number of `size` bytes, or nil where the bytes end or it does not fit.
    fileprivate func integer(at offset: Int, size: Int, isLittleEndian: Bool) -> Int? {
        guard offset >= 0, offset <= byteCount - size else { return nil }
        var value: UInt64 = 0
        for index in 0..<size {
            let position = isLittleEndian ? offset + size - 1 - index : offset + index
            value = value << 8 | UInt64(unsafeLoad(fromByteOffset: position, as: UInt8.self))
        }
        return Int(exactly: value)
    }
}
