import Scenes
import Testing

@Suite struct ColorTests {
    private static let hues: [(hue: Double, word: UInt32)] = [
        (0, 0xFF0000), (1 / 6, 0xFFFF00), (1 / 3, 0x00FF00), (1 / 2, 0x00FFFF), (2 / 3, 0x0000FF), (5 / 6, 0xFF00FF),
    ]

    @Test("hues cover the colour circle, and zero saturation produces grey", arguments: hues)
    func hue(hue: Double, word: UInt32) {
        #expect(Color(hue: hue, saturation: 1, value: 1) == Color(word: word))
        #expect(Color(hue: hue, saturation: 0, value: 0.4) == Color(word: 0x666666))
    }

    /// Calculated by hand with the formula of the page that `Color.difference(from:)` cites.
    private static let differences: [(first: UInt32, second: UInt32, expected: Double)] = [
        // sqrt((639 + 1024 + 640) · 255² / 256)
        (0x000000, 0xFFFFFF, 764.83),
        (0x646464, 0x646E64, 20),
        // sqrt(767 · 16² / 256)
        (0x000000, 0x000010, 27.69),
        (0x070809, 0x070809, 0),
    ]

    @Test("the difference of two colours follows the cited formula", arguments: differences)
    func difference(first: UInt32, second: UInt32, expected: Double) {
        let (first, second) = (Color(word: first), Color(word: second))
        #expect(abs(first.difference(from: second) - expected) < 0.01)
        #expect(first.difference(from: second) == second.difference(from: first))
    }
}
