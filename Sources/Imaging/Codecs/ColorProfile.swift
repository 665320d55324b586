#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What has to be known of an ICC profile before it is handed to a colour engine.
///
/// - SeeAlso: ICC.1:2022, sections 7.2 (header), 7.3 (tag table), 10.6 (`curv`), 10.18 (`para`), 10.31 (`XYZ `).
enum ColorProfile {
    /// The kind of pixels that a profile describes.
    enum Space: String {
        case gray = "GRAY"
        case rgb = "RGB "
        case cmyk = "CMYK"
    }

    /// The space of the pixels that the profile is for, or `nil` when it is none of those or no profile at all.
    static func space(of profile: RawSpan) -> Space? {
        guard profile.has("acsp", at: 36) else { return nil }
        for space in [Space.gray, .rgb, .cmyk] where profile.has(space.rawValue, at: 16) { return space }
        return nil
    }

    /// Whether the profile is sRGB under whatever name: no pixel changes its 8 bit value by more than rounding.
    ///
    /// Most cameras and programs embed one. Skipping it saves time, and leaves the values that the codec gives.
    static func isSRGB(_ profile: RawSpan) -> Bool {
        // A look-up table takes precedence over the matrix and the curves that are compared here.
        guard space(of: profile) == .rgb, tag("A2B0", in: profile) == nil else { return false }
        for (channel, colorant) in zip(["r", "g", "b"], colorants) {
            guard let xyz = tag("\(channel)XYZ", in: profile), profile.has("XYZ ", at: xyz.offset),
                let curve = tag("\(channel)TRC", in: profile)
            else { return false }
            for (index, expected) in colorant.enumerated() {
                guard let value = fixed(in: profile, at: xyz.offset + 8 + 4 * index), abs(value - expected) < 0.003
                else { return false }
            }
            guard isSRGBCurve(at: curve, in: profile) else { return false }
        }
        return true
    }

    /// X, Y and Z of red, green and blue in sRGB, adapted to D50 as a profile stores them.
    private static let colorants = [
        [0.43607, 0.22249, 0.01392],
        [0.38515, 0.71687, 0.09708],
        [0.14307, 0.06061, 0.71410],
    ]

    private static func isSRGBCurve(at tag: (offset: Int, length: Int), in profile: RawSpan) -> Bool {
        let steps = 64
        for step in 0...steps {
            let encoded = Double(step) / Double(steps)
            guard let linear = evaluateCurve(at: tag, in: profile, encoded),
                abs(encode(linear) - encoded) < 0.5 / 255
            else { return false }
        }
        return true
    }

    /// IEC 61966-2-1: light in `0...1` to the value stored for it, in `0...1`.
    private static func encode(_ linear: Double) -> Double {
        linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055
    }

    /// The light that the curve gives for a stored value, both in `0...1`, or `nil` for a kind of curve not known here.
    private static func evaluateCurve(
        at tag: (offset: Int, length: Int),
        in profile: RawSpan,
        _ x: Double
    ) -> Double? {
        if profile.has("curv", at: tag.offset) {
            return evaluateTable(at: tag, in: profile, x)
        }
        // Type 3 is the only one of the parametric curves with which sRGB can be written:
        // (ax + b)^g from d on, cx below.
        guard profile.has("para", at: tag.offset), profile.bigEndian16(at: tag.offset + 8) == 3,
            let g = fixed(in: profile, at: tag.offset + 12), let a = fixed(in: profile, at: tag.offset + 16),
            let b = fixed(in: profile, at: tag.offset + 20), let c = fixed(in: profile, at: tag.offset + 24),
            let d = fixed(in: profile, at: tag.offset + 28)
        else { return nil }
        return x >= d ? pow(a * x + b, g) : c * x
    }

    private static func evaluateTable(
        at tag: (offset: Int, length: Int),
        in profile: RawSpan,
        _ x: Double
    ) -> Double? {
        // With no entry the curve is the identity, with one a plain gamma: neither is sRGB's.
        guard let count = profile.bigEndian32(at: tag.offset + 8), count >= 2, Int(count) <= (tag.length - 12) / 2
        else { return nil }
        let position = x * Double(count - 1)
        let lower = Int(position)
        let upper = min(lower + 1, Int(count) - 1)
        guard let low = profile.bigEndian16(at: tag.offset + 12 + 2 * lower),
            let high = profile.bigEndian16(at: tag.offset + 12 + 2 * upper)
        else { return nil }
        let fraction = position - Double(lower)
        return (Double(low) * (1 - fraction) + Double(high) * fraction) / 65535
    }

    private static func tag(_ name: String, in profile: RawSpan) -> (offset: Int, length: Int)? {
        // The widest profiles have some forty tags; the limit is against a count that is not one.
        guard let count = profile.bigEndian32(at: 128), count <= 200 else { return nil }
        for index in 0..<Int(count) where profile.has(name, at: 132 + 12 * index) {
            guard let offset = profile.bigEndian32(at: 136 + 12 * index),
                let length = profile.bigEndian32(at: 140 + 12 * index),
                Int(offset) + Int(length) <= profile.byteCount
            else { return nil }
            return (Int(offset), Int(length))
        }
        return nil
    }

    /// A signed number with 16 bits before and 16 after the point.
    private static func fixed(in profile: RawSpan, at offset: Int) -> Double? {
        profile.bigEndian32(at: offset).map { Double(Int32(bitPattern: $0)) / 65536 }
    }
}
