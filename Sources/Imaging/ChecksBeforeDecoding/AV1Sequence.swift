/// An AV1 sequence header, read up to the fields that determine the size of frames.
///
/// It serves to check sizes before a codec runs; nothing is decoded here.
///
/// - SeeAlso: AV1 Bitstream & Decoding Process Specification, 5.5 (sequence header), 5.9 (frame header).
struct AV1Sequence {
    /// Maximum frame size, unless a frame header overrides it.
    let size: FrameSize

    private let isReduced: Bool
    /// Largest size that a frame header can encode.
    private let largestOverride: FrameSize
    /// Bits of a frame's presentation time; 0 if frames have none.
    private let presentationTimeBits: Int
    /// Bits of a frame's ID; 0 if frames have none.
    private let frameIDBits: Int
    private let choosesScreenContentTools: Bool
    private let hasScreenContentTools: Bool
    private let choosesIntegerMotion: Bool

    /// Reads the start of a sequence header.
    ///
    /// - Throws: `BitReader.Overrun` if the header is truncated.
    init(_ header: [UInt8]) throws(BitReader.Overrun) {
        var reader = BitReader(header)
        try reader.skip(3 + 1)
        isReduced = try reader.flag()
        var timeBits = 0
        if isReduced {
            try reader.skip(5)
        } else {
            timeBits = try Self.presentationTimeBits(&reader)
        }
        let widthBits = try reader.bits(4) + 1
        let heightBits = try reader.bits(4) + 1
        size = FrameSize(width: try reader.bits(widthBits) + 1, height: try reader.bits(heightBits) + 1)
        largestOverride = FrameSize(width: 1 << widthBits, height: 1 << heightBits)
        presentationTimeBits = timeBits
        guard !isReduced else {
            (frameIDBits, choosesScreenContentTools, hasScreenContentTools) = (0, false, false)
            choosesIntegerMotion = false
            return
        }
        var idBits = 0
        if try reader.flag() {
            let deltaBits = try reader.bits(4) + 2
            idBits = try reader.bits(3) + deltaBits + 1
        }
        frameIDBits = idBits
        // Superblock size and two intra tools; inter-intra and masked compounds, warped motion, dual filter.
        try reader.skip(3 + 4)
        // `enable_order_hint` is followed by `enable_jnt_comp` and `enable_ref_frame_mvs`.
        if try reader.flag() { try reader.skip(2) }
        choosesScreenContentTools = try reader.flag()
        hasScreenContentTools = try choosesScreenContentTools ? true : reader.flag()
        choosesIntegerMotion = try hasScreenContentTools ? reader.flag() : false
    }

    /// Skips the timing information, the decoder model and the operating points.
    ///
    /// - Returns: The bits of a frame's presentation time; 0 if frames have none.
    private static func presentationTimeBits(_ reader: inout BitReader) throws(BitReader.Overrun) -> Int {
        var hasEqualIntervals = false
        var delayBits: Int?
        var timeBits = 0
        if try reader.flag() {
            try reader.skip(64)
            hasEqualIntervals = try reader.flag()
            if hasEqualIntervals { _ = try reader.exponentialGolomb() }
            if try reader.flag() {
                delayBits = try reader.bits(5) + 1
                try reader.skip(32 + 5)
                timeBits = try reader.bits(5) + 1
            }
        }
        let hasInitialDelays = try reader.flag()
        for _ in 0...(try reader.bits(5)) {
            try reader.skip(12)
            // Levels above 3.3 have a tier.
            if try reader.bits(5) > 7 { try reader.skip(1) }
            if let delayBits, try reader.flag() { try reader.skip(2 * delayBits + 1) }
            if hasInitialDelays, try reader.flag() { try reader.skip(4) }
        }
        return hasEqualIntervals ? 0 : timeBits
    }

    /// Returns the maximum size of a frame, from the start of its header.
    ///
    /// A frame that overrides the size counts as the largest size that its header can encode.
    func size(ofFrame header: [UInt8]) throws(BitReader.Overrun) -> FrameSize {
        var reader = BitReader(header)
        guard !isReduced else { return size }
        let showsExisting = try reader.flag()
        guard !showsExisting else { return size }
        let type = try reader.bits(2)
        let isShown = try reader.flag()
        try reader.skip(isShown ? presentationTimeBits : 1)
        let (key, switching) = (0, 3)
        guard type != switching else { return largestOverride }
        if type != key || !isShown { try reader.skip(1) }
        try reader.skip(1)
        let usesScreenContentTools = try choosesScreenContentTools ? reader.flag() : hasScreenContentTools
        if usesScreenContentTools, choosesIntegerMotion { try reader.skip(1) }
        try reader.skip(frameIDBits)
        return try reader.flag() ? largestOverride : size
    }
}
