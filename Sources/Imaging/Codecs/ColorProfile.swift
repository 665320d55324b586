/// What has to be known of an ICC profile before it is handed to a colour engine.
///
/// - SeeAlso: ICC.1:2022, sections 7.2 (header), 7.3 (tag table).
enum ColorProfile {
    /// The kind of pixels that a profile describes.
    private enum Space: String {
        case gray = "GRAY"
        case rgb = "RGB "
        case cmyk = "CMYK"
    }

    /// What has to be done with pixels of a profile, so that they are in sRGB.
    enum Conversion {
        /// Nothing: they are already, or the profile is not for such pixels.
        case none
        case matrix(MatrixProfile)
        /// A colour engine's work.
        case engine

        var isNeeded: Bool {
            if case .none = self { false } else { true }
        }
    }

    /// What the profile asks for pixels of so many channels.
    static func conversion(by profile: RawSpan, channels: Int) -> Conversion {
        switch (space(of: profile), channels) {
        case (.gray, 1), (.cmyk, 4): return .engine
        case (.rgb, 3):
            guard let matrix = MatrixProfile(profile) else { return .engine }
            return matrix.isSRGB ? .none : .matrix(matrix)
        default: return .none
        }
    }

    /// The space of the pixels that the profile is for, or `nil` when it is none of those or no profile at all.
    private static func space(of profile: RawSpan) -> Space? {
        guard profile.has("acsp", at: 36) else { return nil }
        for space in [Space.gray, .rgb, .cmyk] where profile.has(space.rawValue, at: 16) { return space }
        return nil
    }

    /// Where a tag's data lies in a profile.
    static func tag(_ name: String, in profile: RawSpan) -> (offset: Int, length: Int)? {
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
}

extension RawSpan {
    /// A signed number with 16 bits before and 16 after the point.
    func fixed(at offset: Int) -> Double? {
        bigEndian32(at: offset).map { Double(Int32(bitPattern: $0)) / 65536 }
    }
}
