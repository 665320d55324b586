/// How large the frames are that a HEIC or AVIF is made of, by what is coded in them.
///
/// A HEIF's header tells the size of the picture beside it; a decoder makes room for what the frame itself says, and
/// two kilobytes can say gigabytes.
///
/// - SeeAlso: ISO/IEC 23008-12, 6.6.2 (grids and overlays); ISO/IEC 14496-15, 8.3.3 (HEVC's parameters); AV1 in HEIF,
///   2.1; AV1 Bitstream & Decoding Process Specification, 5.3 (OBUs).
struct HEIFFrames {
    private let limits: ImageLimits
    private let items: HEIFItems
    /// Bytes that may still be looked at: extents can overlap, a thousand times.
    private var budget: Int

    /// Refuses a file with a frame larger than is allowed, whatever its header says.
    static func check(_ bytes: RawSpan, as format: ImageFormat, limits: ImageLimits) throws(ImageError) {
        do {
            var frames = HEIFFrames(limits: limits, items: try HEIFItems(bytes), budget: limits.maximumBytes)
            try frames.check(bytes)
        } catch let error as ImageError {
            throw error
        } catch {
            throw .damaged(format, cause: error)
        }
    }

    private mutating func check(_ bytes: RawSpan) throws {
        for (kind, content) in items.configurations {
            switch kind {
            case "hvcC": try checkParameters(ofHEVC: content, in: bytes)
            default: try checkAV1((content.lowerBound + 4)..<max(content.lowerBound + 4, content.upperBound), in: bytes)
            }
        }
        for location in items.locations {
            for kind in items.kinds[location.item] ?? [] { try check(kind, location.extents, in: bytes) }
        }
    }

    private mutating func check(_ kind: HEIFItems.Kind, _ extents: [Range<Int>], in bytes: RawSpan) throws {
        let isCoded = ["hvc1", "hev1", "av01", "grid", "iovl"].contains(kind)
        guard isCoded, let first = extents.first else { return }
        budget -= extents.reduce(0) { $0 + $1.count }
        guard budget >= 0 else { throw HEIFItems.Malformed() }
        guard extents.count == 1 else {
            let whole = extents.flatMap { bytes.array($0) }
            return try check(kind, 0..<whole.count, in: whole.span.bytes)
        }
        try check(kind, first, in: bytes)
    }

    private func check(_ kind: HEIFItems.Kind, _ data: Range<Int>, in bytes: RawSpan) throws {
        switch kind {
        case "av01": try checkAV1(data, in: bytes)
        case "grid": try checkCanvas(data, behind: 4, in: bytes)
        // The colours of what nothing lies on, four of 16 bits.
        case "iovl": try checkCanvas(data, behind: 2 + 8, in: bytes)
        default: try checkHEVC(data, in: bytes)
        }
    }

    private func check(_ size: FrameSize) throws(ImageError) {
        try limits.check(width: size.width, height: size.height)
    }

    /// A picture that others are put together in: its size is behind some bytes, of which the second has its flags.
    private func checkCanvas(_ data: Range<Int>, behind count: Int, in bytes: RawSpan) throws {
        let flags = try integer(1, at: data.lowerBound + 1, data, bytes)
        let size = flags & 1 == 0 ? 2 : 4
        try check(
            FrameSize(
                width: integer(size, at: data.lowerBound + count, data, bytes),
                height: integer(size, at: data.lowerBound + count + size, data, bytes)
            )
        )
    }

    private func checkParameters(ofHEVC content: Range<Int>, in bytes: RawSpan) throws {
        var offset = content.lowerBound + 22
        let arrays = try integer(1, at: offset, content, bytes)
        offset += 1
        for _ in 0..<arrays {
            let count = try integer(2, at: offset + 1, content, bytes)
            offset += 3
            for _ in 0..<count { offset = try checkUnit(at: offset, lengthSize: 2, content, bytes) }
        }
    }

    /// Units of which each has its length before it.
    private func checkHEVC(_ data: Range<Int>, in bytes: RawSpan) throws {
        var offset = data.lowerBound
        while offset < data.upperBound { offset = try checkUnit(at: offset, lengthSize: 4, data, bytes) }
    }

    /// Checks one unit.
    ///
    /// - Returns: Where the next one is.
    private func checkUnit(at offset: Int, lengthSize: Int, _ data: Range<Int>, _ bytes: RawSpan) throws -> Int {
        let start = offset + lengthSize
        let length = try integer(lengthSize, at: offset, data, bytes)
        guard length <= data.upperBound - start else { throw HEIFItems.Malformed() }
        if let size = try FrameSize(hevcUnit: start..<(start + length), in: bytes) { try check(size) }
        return start + length
    }

    private func checkAV1(_ data: Range<Int>, in bytes: RawSpan) throws {
        let (sequenceHeader, frameHeader, frame, redundantFrameHeader) = (1, 3, 6, 7)
        var sequence: AV1Sequence?
        var offset = data.lowerBound
        while offset < data.upperBound {
            let first = try integer(1, at: offset, data, bytes)
            // Behind it may be one of the layers, and the length where it is not the rest.
            offset += first & 4 == 0 ? 1 : 2
            var length = data.upperBound - offset
            if first & 2 != 0 { (length, offset) = try variableLength(at: offset, data, bytes) }
            guard length >= 0, length <= data.upperBound - offset else { throw HEIFItems.Malformed() }
            let header = bytes.array(offset..<(offset + min(length, 512)))
            switch first >> 3 & 15 {
            case sequenceHeader:
                let read = try AV1Sequence(header)
                try check(read.size)
                sequence = read
            case frameHeader, frame, redundantFrameHeader:
                // Each picture has a sequence header before its frames.
                guard let sequence else { throw HEIFItems.Malformed() }
                try check(sequence.size(ofFrame: header))
            default: break
            }
            offset += length
        }
    }

    /// A number of seven bits a byte, the lowest first; and where the next byte is.
    private func variableLength(
        at offset: Int,
        _ data: Range<Int>,
        _ bytes: RawSpan
    ) throws -> (value: Int, next: Int) {
        var value = 0
        for index in 0..<8 {
            let byte = try integer(1, at: offset + index, data, bytes)
            value |= (byte & 127) << (7 * index)
            if byte < 128 { return (value, offset + index + 1) }
        }
        throw HEIFItems.Malformed()
    }

    private func integer(_ size: Int, at offset: Int, _ data: Range<Int>, _ bytes: RawSpan) throws -> Int {
        guard offset <= data.upperBound - size,
            let value = bytes.integer(at: offset, size: size, isLittleEndian: false)
        else { throw HEIFItems.Malformed() }
        return value
    }
}

/// The size of a coded frame, in pixels.
struct FrameSize {
    let width: Int
    let height: Int
}
