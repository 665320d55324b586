/// Sizes that HEVC's sequence parameter sets give.
///
/// - SeeAlso: ITU-T H.265, 7.3.1 (NAL units), 7.3.2.2 (sequence parameter set), 7.3.3 (profile, tier and level).
extension FrameSize {
    /// The type of a NAL unit that is a sequence parameter set.
    private static let sequenceParameterSet = 33
    /// A set's beginning, to behind the size, is far shorter.
    private static let headerLength = 512

    /// The size of a NAL unit's frames, or nil where it is no sequence parameter set.
    ///
    /// - Parameters:
    ///   - unit: Where the NAL unit is.
    ///   - bytes: The file that it is in.
    /// - Throws: `BitReader.Overrun` where it ends before the size does.
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

    /// Passes over the profiles and levels of the layers below the highest.
    private static func skipSubLayers(_ count: Int, _ reader: inout BitReader) throws(BitReader.Overrun) {
        guard count > 0 else { return }
        var length = 0
        for _ in 0..<count {
            if try reader.flag() { length += 88 }
            if try reader.flag() { length += 8 }
        }
        try reader.skip((8 - count) * 2 + length)
    }

    /// The bytes without each 3 that keeps two zeros from looking like the beginning of a unit.
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
