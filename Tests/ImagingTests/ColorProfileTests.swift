import Imaging
import TestSupport
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

    /// The curve as 1024 integers up to 65535, as in camera profiles.
    private static var sRGBTable: [UInt8] {
        let values = (0..<1024).map { index -> Int in
            let value = Double(index) / 1023
            var linear = value / 12.92
            if value > 0.04045 {
                // ((v + 0.055) / 1.055)^2.4 by Newton's method on y^5 = x^12, which needs no maths library.
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

    @Test("an sRGB profile changes no values")
    func sRGBProfile() throws {
        for curve in [Self.sRGBCurve, Self.sRGBTable] {
            let image = try RGBImage.decode(Self.jpeg(with: Self.profile(Self.sRGB, curve)))
            #expect(try image.bytes == Self.plain.get().bytes)
        }
    }

    @Test("any other profile is applied, unless profiles are ignored")
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

    private static func parametric(_ type: UInt8, _ numbers: [Double]) -> [UInt8] {
        Array("para\0\0\0\0\0".utf8) + [type, 0, 0] + numbers.flatMap { fixed($0) }
    }

    /// Results of Little CMS 2.19 for the colours below, for each kind of curve with the primaries of Adobe RGB.
    ///
    /// They were computed with Pillow's ImageCms (relative colorimetric, no optimisation).
    private static let converted: [(curve: [UInt8], colors: [UInt32])] = [
        (
            Array("curv\0\0\0\0\0\0\0\0".utf8),
            [0x000000, 0xFFFFFF, 0xF8A878, 0x0B6EA2, 0x76E554, 0xFF26BF, 0x656565]
        ),
        (gamma22, [0x000000, 0xFFFFFF, 0xE3642A, 0x00235B, 0x00C900, 0xFF0184, 0x1B1B1B]),
        (
            Array("curv\0\0\0\0\0\0\0\u{4}\0\0".utf8) + [0x13, 0x88, 0x61, 0xA8, 0xFF, 0xFF],
            [0x000000, 0xFFFFFF, 0xE56539, 0x033558, 0x00CB08, 0xFF0E87, 0x303030]
        ),
        (parametric(0, [1.8]), [0x000000, 0xFFFFFF, 0xEB773E, 0x00356F, 0x00D200, 0xFF0395, 0x2C2C2C]),
        (parametric(1, [2, 0.9, 0.1]), [0x191919, 0xFFFFFF, 0xEA7D4B, 0x104475, 0x00D322, 0xFF1F99, 0x3D3D3D]),
        (parametric(2, [2, 0.8, 0.1, 0.1]), [0x5D5D5D, 0xF5F5F5, 0xE38E70, 0x5C6C89, 0x56D060, 0xFF5FA2, 0x696969]),
        (sRGBCurve, [0x000000, 0xFFFFFF, 0xE2642E, 0x00285B, 0x00C800, 0xFF0582, 0x212121]),
        (
            parametric(4, [2.2, 0.9, 0.05, 0.2, 0.1, 0.05, 0.01]),
            [0x191919, 0xF9F9F9, 0xE17752, 0x004E71, 0x00CA3B, 0xFF1F90, 0x4A4A4A]
        ),
    ]

    @Test("matrix profiles with any curve match a colour engine to one level", arguments: converted.indices)
    func matrixProfiles(kind: Int) throws {
        let (curve, expected) = Self.converted[kind]
        let bytes = Self.profile(Self.adobeRGB, curve)
        let parsed = MatrixProfile(bytes.span.bytes)
        let profile = try #require(parsed)
        #expect(!profile.isSRGB)
        let colors: [UInt32] = [0x000000, 0xFFFFFF, 0xC86432, 0x0C285A, 0x5AC81E, 0xFA0580, 0x212121]
        var pixels = colors.flatMap { [UInt8($0 >> 16), UInt8($0 >> 8 & 255), UInt8($0 & 255)] }
        pixels.withUnsafeMutableBufferPointer { profile.convert($0) }
        for (index, value) in pixels.enumerated() {
            let wanted = Int(expected[index / 3] >> (16 - 8 * UInt32(index % 3)) & 255)
            #expect(abs(Int(value) - wanted) <= 1, "color \(index / 3), channel \(index % 3): \(value), not \(wanted)")
        }
    }

    @Test(
        "a profile without valid curves and matrix is left to a colour engine",
        arguments: [
            parametric(5, [1, 1, 0, 0, 0, 0, 0]), parametric(3, [2.4]), parametric(1, [2, 0, 0.1]),
            Array("curv\0\0\0\0\0\0\u{1}\0\0\0\0\0".utf8), Array("curv\0\0\0\0\u{7F}\u{7F}\u{7F}\u{7F}".utf8),
            Array("none\0\0\0\0\0\0\0\0".utf8), [],
        ] as [[UInt8]]
    )
    func otherCurves(curve: [UInt8]) {
        let bytes = Self.profile(Self.adobeRGB, curve)
        let isMatrix = MatrixProfile(bytes.span.bytes) != nil
        #expect(!isMatrix)
    }

    @Test("an invalid profile is ignored")
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
