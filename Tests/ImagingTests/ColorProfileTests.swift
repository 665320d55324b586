import Imaging
import Testing

@Suite struct ColorProfileTests {
    /// Primaries as ICC profiles store them: X, Y, Z of red, green and blue, adapted to D50.
    private static let sRGB = [
        0.43607, 0.22249, 0.01392, 0.38515, 0.71687, 0.09708, 0.14307, 0.06061, 0.71410,
    ]
    /// Adobe RGB (1998), annex B.
    private static let adobeRGB = [
        0.60974, 0.31111, 0.01947, 0.20528, 0.62567, 0.06087, 0.14919, 0.06322, 0.74457,
    ]
    /// IEC 61966-2-1, as a `para` of type 3.
    private static let sRGBCurve =
        Array("para\0\0\0\0\0\u{3}\0\0".utf8)
        + [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045].flatMap { fixed($0) }
    /// 563 / 256 = 2.199.
    private static let gamma22 = Array("curv\0\0\0\0\0\0\0\u{1}\u{2}\u{33}\0\0".utf8)

    private static func fixed(_ value: Double) -> [UInt8] { bigEndian(Int((value * 65536).rounded())) }

    /// A version 2 profile for a display, with a matrix and one curve.
    private static func profile(_ colorants: [Double], _ curve: [UInt8], space: String = "RGB ") -> [UInt8] {
        var tags = [("wtpt", Array("XYZ \0\0\0\0".utf8) + [0.9642, 1, 0.8249].flatMap { fixed($0) })]
        for (index, name) in ["rXYZ", "gXYZ", "bXYZ"].enumerated() {
            let values = colorants[(3 * index)..<(3 * index + 3)]
            tags.append((name, Array("XYZ \0\0\0\0".utf8) + values.flatMap { fixed($0) }))
        }
        for name in ["rTRC", "gTRC", "bTRC"] { tags.append((name, curve)) }
        let start = 132 + 12 * tags.count
        var table: [UInt8] = bigEndian(tags.count)
        var data: [UInt8] = []
        for (name, bytes) in tags {
            table += Array(name.utf8) + bigEndian(start + data.count) + bigEndian(bytes.count)
            data += bytes
        }
        let header =
            bigEndian(start + data.count) + [0, 0, 0, 0, 2, 0x40, 0, 0] + Array("mntr\(space)XYZ ".utf8)
            + [UInt8](repeating: 0, count: 12) + Array("acsp".utf8) + [UInt8](repeating: 0, count: 28)
            + [0.9642, 1, 0.8249].flatMap { fixed($0) } + [UInt8](repeating: 0, count: 48)
        return header + table + data
    }

    private static func segment(_ profile: [UInt8]) -> [UInt8] {
        Array("ICC_PROFILE\0".utf8) + [1, 1] + profile
    }

    private static func jpeg(with profile: [UInt8]) throws -> [UInt8] {
        let plain = try TestPictures.base64(PictureFixtures.jpegs[2].base64)
        return TestPictures.jpeg(plain, inserting: segment(profile), marker: 0xE2)
    }

    private static let plain = Result { try RGBImage.decode(TestPictures.base64(PictureFixtures.jpegs[2].base64)) }

    /// 1024 values of the curve, in whole numbers up to 65535, as the profiles of cameras have it.
    private static var sRGBTable: [UInt8] {
        let values = (0..<1024).map { index -> Int in
            let value = Double(index) / 1023
            var linear = value / 12.92
            if value > 0.04045 {
                // ((v + 0.055) / 1.055)^2.4 by Newton's method on y^5 = x^12, to need no library of functions.
                let base = (value + 0.055) / 1.055
                let target = (0..<12).reduce(1.0) { product, _ in product * base }
                linear = 1
                for _ in 0..<200 {
                    let fourth = linear * linear * linear * linear
                    linear -= (fourth * linear - target) / (5 * fourth)
                }
            }
            return Int((linear * 65535).rounded())
        }
        return Array("curv\0\0\0\0".utf8) + bigEndian(values.count) + values.flatMap { bigEndian($0)[2...] }
    }

    @Test("a profile that is sRGB changes no value")
    func sRGBProfile() throws {
        for curve in [Self.sRGBCurve, Self.sRGBTable] {
            let image = try RGBImage.decode(Self.jpeg(with: Self.profile(Self.sRGB, curve)))
            #expect(try image.bytes == Self.plain.get().bytes)
        }
    }

    @Test("another profile is applied, unless it is to be ignored")
    func adobeRGBProfile() throws {
        let profile = Self.profile(Self.adobeRGB, Self.gamma22)
        // Adobe RGB (200, 100, 50) is sRGB (230, 99, 41): light = value^2.199, through both matrices, IEC 61966-2-1.
        let jpeg = try TestPictures.jpeg(
            TestPictures.image(.init(repeating: .init(repeating: 0xC86432, count: 16), count: 16)).encoded(as: .jpeg),
            inserting: Self.segment(profile),
            marker: 0xE2
        )
        let pixel = try RGBImage.decode(jpeg).pixel(8, 8)
        #expect(abs(Int(pixel >> 16) - 230) <= 3)
        #expect(abs(Int(pixel >> 8 & 255) - 99) <= 3)
        #expect(abs(Int(pixel & 255) - 41) <= 4)

        let ignored = try RGBImage.decode(Self.jpeg(with: profile), embeddedProfile: .ignore)
        #expect(try ignored.bytes == Self.plain.get().bytes)
        #expect(try RGBImage.decode(Self.jpeg(with: profile)).bytes != Self.plain.get().bytes)
    }

    @Test("a profile that makes no sense is ignored")
    func brokenProfiles() throws {
        let sound = Self.profile(Self.adobeRGB, Self.gamma22)
        var manyTags = sound
        manyTags.replaceSubrange(128..<132, with: [0xFF, 0xFF, 0xFF, 0xFF])
        var wildOffset = sound
        wildOffset.replaceSubrange(148..<152, with: [0xFF, 0xFF, 0xFF, 0xF0])
        let broken: [[UInt8]] = [
            [], [0], Array(sound[..<100]), Array(sound[..<200]), manyTags, wildOffset,
            Self.profile(Self.adobeRGB, Self.gamma22, space: "GRAY"),
            Self.profile(Self.adobeRGB, Self.gamma22, space: "CMYK"),
            [UInt8](repeating: 0xFF, count: 60_000),
        ]
        for profile in broken {
            let image = try RGBImage.decode(Self.jpeg(with: profile))
            #expect(try image.bytes == Self.plain.get().bytes)
        }
    }
}
