#if canImport(Glibc)
    import Glibc
#endif

/// An sRGB colour.
package struct DrawingColor: Hashable, Sendable {
    /// Red in `0...1`.
    package let red: Double
    /// Green in `0...1`.
    package let green: Double
    /// Blue in `0...1`.
    package let blue: Double

    /// Makes a colour from `0xRRGGBB`.
    package init(_ hex: UInt32) {
        red = Double(hex >> 16 & 0xFF) / 255
        green = Double(hex >> 8 & 0xFF) / 255
        blue = Double(hex & 0xFF) / 255
    }

    package static let black = DrawingColor(0x000000)
    package static let white = DrawingColor(0xFFFFFF)

    /// Twenty colours of medium lightness and chroma, each as far as possible in Oklab from those before it.
    package static let palette = [
        0xFA7040, 0x1C6AE8, 0x1CFA9A, 0x348240, 0xE27CFA, 0x7CCAFA, 0xFAD010, 0xBE227C, 0x8EB876, 0x8E46CA,
        0xA05E10, 0x2894B2, 0xFAA6BE, 0x888EEE, 0xFA5EA0, 0xD02822, 0x10FAFA, 0xA66A9A, 0x3AAC10, 0xD69A10,
    ].map { DrawingColor($0) }

    /// Returns the colour of a class; any number is valid.
    ///
    /// Each round through the palette starts at another colour. Otherwise classes that often occur together would share
    /// a colour: COCO's person, wine glass and dining table are 0, 40 and 60.
    package static func ofClass(_ classID: Int) -> DrawingColor {
        let (round, index) = UInt(bitPattern: classID).quotientAndRemainder(dividingBy: UInt(palette.count))
        return palette[Int((index + round % UInt(palette.count) * 3) % UInt(palette.count))]
    }

    /// The colour as `0xRRGGBB`.
    package var hex: UInt32 {
        [red, green, blue].reduce(0) { $0 << 8 | UInt32(($1 * 255).rounded()) }
    }

    /// Black or white, whichever has the higher contrast with this colour.
    package var counterpart: DrawingColor {
        contrast(with: .black) >= contrast(with: .white) ? .black : .white
    }

    /// Returns the contrast ratio between two colours, in `1...21`.
    ///
    /// - SeeAlso: W3C, Web Content Accessibility Guidelines 2.2, contrast ratio; 4.5 is its minimum for text.
    package func contrast(with other: DrawingColor) -> Double {
        let (darker, lighter) = (min(luminance, other.luminance), max(luminance, other.luminance))
        return (lighter + 0.05) / (darker + 0.05)
    }

    private var luminance: Double {
        func linear(_ level: Double) -> Double {
            level <= 0.04045 ? level / 12.92 : pow((level + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
}
