/// Checks the size of each frame coded in a HEIC or AVIF file before a codec runs; decodes nothing.
///
/// The header of a HEIF file states the picture's size separately, but a decoder allocates memory for the size coded in
/// the frame itself, and two kilobytes can declare gigabytes.
///
/// - SeeAlso: ISO/IEC 23008-12, 6.6.2 (grids and overlays); ISO/IEC 14496-15, 8.3.3 (HEVC's parameters); AV1 in HEIF,
///   2.1; AV1 Bitstream & Decoding Process Specification, 5.3 (OBUs).
struct HEIFFrames {
    private let limits: ImageLimits
    private let items: HEIFItems
    /// Bytes that may still be checked; limits files with thousands of overlapping extents.
    private var budget: Int

    /// Rejects a file with a coded frame larger than the limits, whatever its header says.
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
        // Version and flags, then the background colour: four values of 16 bits.
        case "iovl": try checkCanvas(data, behind: 2 + 8, in: bytes)
        default: try checkHEVC(data, in: bytes)
        }
    }

    private func check(_ size: FrameSize) throws(ImageError) {
        try limits.check(width: size.width, height: size.height)
    }

    /// Checks the canvas size of a grid or overlay, which follows `count` bytes; the second of these holds the flags.
    private func checkCanvas(_ data: Range<Int>, behind count: Int, in bytes: RawSpan) throws {
        var fields = HEIFFields(data)
        try fields.part(1)
        let size = try fields.integer(1, in: bytes) & 1 == 0 ? 2 : 4
        try fields.part(count - 2)
        try check(FrameSize(width: fields.integer(size, in: bytes), height: fields.integer(size, in: bytes)))
    }

    private func checkParameters(ofHEVC content: Range<Int>, in bytes: RawSpan) throws {
        var fields = HEIFFields(content)
        try fields.part(22)
        for _ in 0..<(try fields.integer(1, in: bytes)) {
            try fields.part(1)
            for _ in 0..<(try fields.integer(2, in: bytes)) { try checkUnit(lengthSize: 2, &fields, in: bytes) }
        }
    }

    /// Checks NAL units, each preceded by its length in 4 bytes.
    private func checkHEVC(_ data: Range<Int>, in bytes: RawSpan) throws {
        var fields = HEIFFields(data)
        while !fields.rest.isEmpty { try checkUnit(lengthSize: 4, &fields, in: bytes) }
    }

    private func checkUnit(lengthSize: Int, _ fields: inout HEIFFields, in bytes: RawSpan) throws {
        let unit = try fields.part(fields.integer(lengthSize, in: bytes))
        if let size = try FrameSize(hevcUnit: unit, in: bytes) { try check(size) }
    }

    private func checkAV1(_ data: Range<Int>, in bytes: RawSpan) throws {
        let (sequenceHeader, frameHeader, frame, redundantFrameHeader) = (1, 3, 6, 7)
        var sequence: AV1Sequence?
        var fields = HEIFFields(data)
        while !fields.rest.isEmpty {
            let first = try fields.integer(1, in: bytes)
            // A byte about layers may follow, then the length unless the unit extends to the end.
            if first & 4 != 0 { try fields.part(1) }
            let length = try first & 2 != 0 ? variableLength(&fields, in: bytes) : fields.rest.count
            let unit = try fields.part(length)
            let header = bytes.array(unit.prefix(512))
            switch first >> 3 & 15 {
            case sequenceHeader:
                let read = try AV1Sequence(header)
                try check(read.size)
                sequence = read
            case frameHeader, frame, redundantFrameHeader:
                // In each picture, a sequence header precedes the frames.
                guard let sequence else { throw HEIFItems.Malformed() }
                try check(sequence.size(ofFrame: header))
            default: break
            }
        }
    }

    /// Reads a number of up to 8 bytes with seven bits each, the lowest first.
    private func variableLength(_ fields: inout HEIFFields, in bytes: RawSpan) throws -> Int {
        var value = 0
        for index in 0..<8 {
            let byte = try fields.integer(1, in: bytes)
            value |= (byte & 127) << (7 * index)
            if byte < 128 { return value }
        }
        throw HEIFItems.Malformed()
    }
}

/// Size of a coded frame in pixels.
struct FrameSize {
    let width: Int
    let height: Int
}
