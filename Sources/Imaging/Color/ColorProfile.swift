/// Reads what must be known about an ICC profile before it is passed to a colour engine.
///
/// - SeeAlso: ICC.1:2022, sections 7.2 (header), 7.3 (tag table).
enum ColorProfile {
    /// The colour space of the pixels that a profile describes.
    private enum Space: String {
        case gray = "GRAY"
        case rgb = "RGB "
        case cmyk = "CMYK"
    }

    /// The conversion that brings pixels with a profile to sRGB.
    enum Conversion {
        /// None: they are in sRGB already, or the profile is not for such pixels.
        case none
        /// Conversion with curves and a matrix.
        case matrix(MatrixProfile)
        /// Conversion by a colour engine.
        case engine

        var isNeeded: Bool {
            if case .none = self { false } else { true }
        }
    }

    /// Returns the conversion that a profile requires for pixels with `channels` channels.
    static func conversion(by profile: RawSpan, channels: Int) -> Conversion {
        switch (space(of: profile), channels) {
        case (.gray, 1), (.cmyk, 4): return .engine
        case (.rgb, 3):
            guard let matrix = MatrixProfile(profile) else { return .engine }
            return matrix.isSRGB ? .none : .matrix(matrix)
        default: return .none
        }
    }

    /// Returns the colour space of a profile, or `nil` if it is another one or the bytes are not a profile.
    private static func space(of profile: RawSpan) -> Space? {
        guard profile.has("acsp", at: 36) else { return nil }
        for space in [Space.gray, .rgb, .cmyk] where profile.has(space.rawValue, at: 16) { return space }
        return nil
    }

    /// Returns the position of a tag's data in a profile.
    static func tag(_ name: String, in profile: RawSpan) -> (offset: Int, length: Int)? {
        // The largest profiles have about forty tags; the limit rejects invalid counts.
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
}

extension RawSpan {
    /// Returns a signed fixed-point number with 16 integer and 16 fractional bits.
    func fixed(at offset: Int) -> Double? {
        bigEndian32(at: offset).map { Double(Int32(bitPattern: $0)) / 65536 }
    }
}
