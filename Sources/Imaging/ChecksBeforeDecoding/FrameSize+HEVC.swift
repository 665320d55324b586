/// Reads frame sizes from HEVC sequence parameter sets.
///
/// They serve to check sizes before a codec runs; nothing is decoded here.
///
/// - SeeAlso: ITU-T H.265, 7.3.1 (NAL units), 7.3.2.2 (sequence parameter set), 7.3.3 (profile, tier and level).
extension FrameSize {
    /// NAL unit type of a sequence parameter set.
    private static let sequenceParameterSet = 33
    /// Bytes read from a NAL unit; the fields up to and including the size are far shorter.
    private static let headerLength = 512

    /// Reads the frame size from a NAL unit; nil if it is not a sequence parameter set.
    ///
    /// - Parameters:
    ///   - unit: Range of the NAL unit in `bytes`.
    ///   - bytes: Bytes that contain the unit.
    /// - Throws: `BitReader.Overrun` if the unit ends before the size does.
    init?(hevcUnit unit: Range<Int>, in bytes: RawSpan) throws(BitReader.Overrun) {
        let header = bytes.array(unit.prefix(Self.headerLength))
        guard let first = header.first, first >> 1 & 63 == Self.sequenceParameterSet else { return nil }
        var reader = BitReader(Self.withoutEmulationPrevention(header))
        try reader.skip(16 + 4)
        let subLayers = try reader.bits(3)
        try reader.skip(1 + 96)
        try Self.skipSubLayers(subLayers, &reader)
        _ = try reader.exponentialGolomb()
        let chromaFormat = try reader.exponentialGolomb()
        if chromaFormat == 3 { try reader.skip(1) }
        self.init(width: try reader.exponentialGolomb(), height: try reader.exponentialGolomb())
    }

    /// Skips the profiles and levels of the sub-layers below the highest.
    private static func skipSubLayers(_ count: Int, _ reader: inout BitReader) throws(BitReader.Overrun) {
        guard count > 0 else { return }
        var length = 0
        for _ in 0..<count {
            if try reader.flag() { length += 88 }
            if try reader.flag() { length += 8 }
        }
        try reader.skip((8 - count) * 2 + length)
    }

    /// Removes each 3 that follows two zeros to keep them from looking like the start of a unit.
    private static func withoutEmulationPrevention(_ bytes: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var zeros = 0
        for byte in bytes {
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            zeros = byte == 0 ? zeros + 1 : 0
            kept.append(byte)
        }
        return kept
    }
}
