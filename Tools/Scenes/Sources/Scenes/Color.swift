/// An sRGB colour with integer levels, `0...255`.
package struct Color: Hashable {
    package var red: Int
    package var green: Int
    package var blue: Int

    init(grey level: Int) {
        self.init(red: level, green: level, blue: level)
    }

    package init(red: Int, green: Int, blue: Int) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// Converts a colour from HSV; all components are in `0...1`.
    package init(hue: Double, saturation: Double, value: Double) {
        func level(_ offset: Double) -> Int {
            let position = (offset + 6 * hue).truncatingRemainder(dividingBy: 6)
            let away = max(0, min(1, position, 4 - position))
            return Int((255 * value * (1 - saturation * away)).rounded())
        }
        self.init(red: level(5), green: level(3), blue: level(1))
    }

    /// Converts a pixel of a Cairo surface, `0xRRGGBB`.
    package init(word: UInt32) {
        self.init(red: Int(word >> 16 & 0xFF), green: Int(word >> 8 & 0xFF), blue: Int(word & 0xFF))
    }

    /// The colour as a pixel of a Cairo surface, `0xRRGGBB`.
    var word: UInt32 {
        UInt32(red << 16 | green << 8 | blue)
    }

    /// Interpolates linearly from this colour, at 0, to another one, at 1.
    func mixed(with other: Color, by share: Double) -> Color {
        func mix(_ a: Int, _ b: Int) -> Int { Int((Double(a) + share * Double(b - a)).rounded()) }
        return Color(red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue))
    }

    /// Returns the mean of the colours, or black if there are none.
    package static func mean(of colors: some Sequence<Color>) -> Color {
        var (sum, count) = (SIMD3<Int>.zero, 0)
        for color in colors {
            sum &+= SIMD3(color.red, color.green, color.blue)
            count += 1
        }
        sum /= SIMD3(repeating: max(1, count))
        return Color(red: sum.x, green: sum.y, blue: sum.z)
    }

    /// Returns the perceived difference of two colours in `0...765`; for greys, three times the difference of their
    /// levels.
    ///
    /// - SeeAlso: Riemersma, "Colour metric", https://www.compuphase.com/cmetric.htm.
    package func difference(from other: Color) -> Double {
        let mean = (red + other.red) / 2
        let (red, green, blue) = (red - other.red, green - other.green, blue - other.blue)
        let squares = (512 + mean) * red * red + 1024 * green * green + (767 - mean) * blue * blue
        return (Double(squares) / 256).squareRoot()
    }
}

extension SeededRandom {
    /// Returns a random colour, dull or bright.
    mutating func color() -> Color {
        Color(hue: unit(), saturation: number(in: 0...0.9), value: number(in: 0.1...1))
    }

    /// Returns a random colour for an object: usually bright, sometimes grey.
    mutating func paintColor() -> Color {
        if chance(0.12) { return Color(grey: element(of: [12, 40, 90, 150, 215, 248])) }
        return Color(hue: unit(), saturation: number(in: 0.45...1), value: number(in: 0.35...1))
    }
}
