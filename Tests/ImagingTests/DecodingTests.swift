import Imaging
import TestSupport
import Testing

@Suite struct DecodingTests {
    @Test("a JPEG decodes to the same bytes as in OpenCV", arguments: PictureFixtures.jpegs)
    func asOpenCV(_ picture: (name: String, base64: String, hash: UInt64, first: [UInt8], last: [UInt8])) throws {
        let image = try RGBImage.decode(TestPictures.base64(picture.base64))
        #expect((image.width, image.height) == (37, 23))
        let bytes = image.bytes
        #expect(Array(bytes.prefix(3)) == picture.first)
        #expect(Array(bytes.suffix(3)) == picture.last)
        // FNV-1a.
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        #expect(hash == picture.hash)
    }

    @Test("the header's format and size match the decoded picture")
    func info() throws {
        for picture in try TestPictures.everyFormat() {
            let info = try ImageInfo(reading: picture.bytes)
            let image = try RGBImage.decode(picture.bytes)
            #expect(info == ImageInfo(format: picture.format, width: image.width, height: image.height))
        }
    }

    @Test("a lossless JPEG XL has the pixels that it was made from")
    func jpegXL() throws {
        let image = try RGBImage.decode(TestPictures.base64(PictureFixtures.jxl))
        let expected: [[UInt32]] = (0..<16 as Range<UInt32>).map { y in
            (0..<16 as Range<UInt32>).map { x in (x << 20) | (y << 12) | (x * y) }
        }
        #expect(image.rows == expected)
    }

    /// White is 1, 15, 255 or 65535, depending on the bit depth; palette and transparency are in `chunks`.
    @Test(
        "every kind of PNG becomes 8 bit RGB on white",
        arguments: [
            ("grey, 1 bit", 1, 0, [0b0100_0000], [], [0x000000, 0xFFFFFF]),
            ("grey, 4 bit", 4, 0, [0x5F], [], [0x555555, 0xFFFFFF]),
            ("grey, 8 bit", 8, 0, [7, 250], [], [0x070707, 0xFAFAFA]),
            ("grey, 16 bit", 16, 0, [0x12, 0x34, 0xFE, 0xDC], [], [0x121212, 0xFEFEFE]),
            ("RGB, 16 bit", 16, 2, [1, 0, 2, 0, 3, 0, 250, 9, 251, 9, 252, 9], [], [0x010203, 0xFAFBFC]),
            ("palette", 8, 3, [1, 0], [("PLTE", [1, 2, 3, 4, 5, 6])], [0x040506, 0x010203]),
            (
                "palette with transparency", 8, 3, [1, 0], [("PLTE", [1, 2, 3, 4, 5, 6]), ("tRNS", [0, 255])],
                [0x040506, 0xFFFFFF]
            ),
            ("grey and alpha", 8, 4, [100, 255, 100, 0], [], [0x646464, 0xFFFFFF]),
            ("RGB and alpha", 8, 6, [1, 2, 3, 255, 1, 2, 3, 0], [], [0x010203, 0xFFFFFF]),
            (
                "RGB and alpha, 16 bit", 16, 6,
                [1, 0, 2, 0, 3, 0, 255, 255, 1, 0, 2, 0, 3, 0, 0, 0], [], [0x010203, 0xFFFFFF]
            ),
        ] as [(String, Int, Int, [UInt8], [(String, [UInt8])], [UInt32])]
    )
    func png(
        _ name: String,
        _ depth: Int,
        _ colorType: Int,
        _ row: [UInt8],
        _ chunks: [(String, [UInt8])],
        _ expected: [UInt32]
    ) throws {
        let png = PNGBuilder(
            width: 2,
            height: 1,
            depth: UInt8(depth),
            colorType: UInt8(colorType),
            chunks: chunks,
            rows: [0] + row
        )
        #expect(try RGBImage.decode(png.bytes).rows == [expected])
    }

    @Test("a half transparent pixel is half white")
    func halfTransparent() throws {
        let png = PNGBuilder(width: 1, height: 1, colorType: 6, rows: [0, 0, 100, 255, 128])
        let pixel = try RGBImage.decode(png.bytes).rows[0][0]
        // 255 * 127 / 255 = 127; 100 * 128 / 255 + 127 = 177.2; 255. libvips rounds down.
        #expect(abs(Int(pixel >> 16) - 127) <= 1)
        #expect(abs(Int(pixel >> 8 & 255) - 177) <= 1)
        #expect(abs(Int(pixel & 255) - 255) <= 1)
    }

    @Test(
        "every kind of TIFF becomes 8 bit RGB on white",
        arguments: [
            (
                "grey", TIFFBuilder(width: 2, height: 1, samples: 1, photometric: 1, pixels: [7, 250]),
                [0x070707, 0xFAFAFA]
            ),
            ("RGB", TIFFBuilder(width: 1, height: 1, samples: 3, pixels: [1, 2, 3]), [0x010203]),
            (
                "RGB and alpha", TIFFBuilder(width: 2, height: 1, samples: 4, pixels: [1, 2, 3, 255, 1, 2, 3, 0]),
                [0x010203, 0xFFFFFF]
            ),
            (
                "RGB, 16 bit", TIFFBuilder(width: 1, height: 1, bits: 16, samples: 3, pixels: [0, 1, 0, 2, 0, 3]),
                [0x010203]
            ),
            // 1.0 is white; 0.5 of the light is 188 in sRGB (IEC 61966-2-1: 1.055 * 0.5^(1/2.4) - 0.055 = 0.7354).
            (
                "RGB, floating point",
                TIFFBuilder(
                    width: 1,
                    height: 1,
                    bits: 32,
                    samples: 3,
                    sampleFormat: 3,
                    pixels: [Float(0), 0.5, 1].flatMap { littleEndian(Int($0.bitPattern), 4) }
                ), [0x00BCFF]
            ),
            (
                "grey, floating point",
                TIFFBuilder(
                    width: 3,
                    height: 1,
                    bits: 32,
                    samples: 1,
                    photometric: 1,
                    sampleFormat: 3,
                    pixels: [Float(-1), 0.5, 7].flatMap { littleEndian(Int($0.bitPattern), 4) }
                ), [0x000000, 0xBCBCBC, 0xFFFFFF]
            ),
        ] as [(String, TIFFBuilder, [UInt32])]
    )
    func tiff(_ name: String, _ builder: TIFFBuilder, _ expected: [UInt32]) throws {
        #expect(try RGBImage.decode(builder.bytes).rows == [expected])
    }

    @Test(
        "samples of unknown meaning are rejected",
        arguments: [
            TIFFBuilder(width: 1, height: 1, bits: 32, samples: 1, photometric: 1, pixels: [0, 0, 0, 0]),
            TIFFBuilder(width: 1, height: 1, samples: 9, photometric: 1, pixels: .init(repeating: 0, count: 9)),
        ]
    )
    func strangeSamples(_ builder: TIFFBuilder) {
        let error = #expect(throws: ImageError.self) { try RGBImage.decode(builder.bytes) }
        #expect(error?.code == .unsupportedFormat)
    }

    @Test("CMYK becomes RGB: red stays red")
    func cmyk() throws {
        let jpeg = try RGBImage.decode(TestPictures.base64(PictureFixtures.cmykJPEG))
        let tiff = try RGBImage.decode(
            TIFFBuilder(width: 1, height: 1, samples: 4, photometric: 5, pixels: [0, 255, 255, 0]).bytes
        )
        for pixel in [jpeg.pixel(4, 4), tiff.pixel(0, 0)] {
            #expect(pixel >> 16 > 200)
            #expect(pixel >> 8 & 255 < 60)
            #expect(pixel & 255 < 60)
        }
    }

    @Test("only the first frame of an animation is decoded")
    func animations() throws {
        for base64 in [PictureFixtures.animatedGIF, PictureFixtures.animatedWebP] {
            let image = try RGBImage.decode(TestPictures.base64(base64))
            #expect(image.rows == Array(repeating: Array(repeating: 0xFF0000, count: 8), count: 6))
        }
    }

    @Test("HEIC and AVIF show the ramp from which they were made")
    func heif() throws {
        for (base64, scale) in [(PictureFixtures.avif, 1), (PictureFixtures.heic, 2)] {
            let image = try RGBImage.decode(TestPictures.base64(base64))
            #expect((image.width, image.height) == (37 * scale, 23 * scale))
            // The picture is highly compressed, so only its corners are checked, with some tolerance.
            for (x, y, expected) in [(0, 0, [0, 0, 0]), (36, 0, [255, 0, 155]), (0, 22, [0, 255, 94])] {
                let pixel = image.pixel(x * scale, y * scale)
                let channels = [pixel >> 16, pixel >> 8 & 255, pixel & 255].map { Int($0) }
                for (channel, value) in zip(channels, expected) { #expect(abs(channel - value) < 40) }
            }
        }
    }

    /// EXIF 2.32, section 4.6.4, tag 274, for the picture `AB / CD / EF`.
    @Test(
        "a picture is turned upright",
        arguments: [
            (1, ["AB", "CD", "EF"]), (2, ["BA", "DC", "FE"]), (3, ["FE", "DC", "BA"]), (4, ["EF", "CD", "AB"]),
            (5, ["ACE", "BDF"]), (6, ["ECA", "FDB"]), (7, ["FDB", "ECA"]), (8, ["BDF", "ACE"]),
            // Undefined values change nothing.
            (0, ["AB", "CD", "EF"]), (9, ["AB", "CD", "EF"]),
        ]
    )
    func orientation(_ orientation: Int, _ expected: [String]) throws {
        let colors: [Character: UInt32] = ["A": 0, "B": 0xFF, "C": 0xFF00, "D": 0xFF0000, "E": 0xFFFF00, "F": 0xFFFFFF]
        let letters = ["AB", "CD", "EF"]
        let tiff = TIFFBuilder(
            width: 2,
            height: 3,
            samples: 3,
            tags: [(274, 3, 1, orientation)],
            pixels: letters.joined().flatMap { bigEndian(Int(colors[$0] ?? 0))[1...] }
        )
        #expect(try RGBImage.decode(tiff.bytes).rows == expected.map { $0.map { colors[$0] ?? 0 } })

        // The same in a JPEG, where each letter is a block of 16x16 that keeps its colour in the middle.
        let blocks = TestPictures.image(
            (0..<48).map { y in (0..<32).map { x in colors[Array(letters[y / 16])[x / 16]] ?? 0 } }
        )
        let jpeg = try TestPictures.jpeg(
            blocks.encoded(as: .jpeg),
            inserting: TestPictures.exif(orientation: orientation),
            marker: 0xE1
        )
        let image = try RGBImage.decode(jpeg)
        let info = try ImageInfo(reading: jpeg)
        #expect((info.width, info.height) == (16 * expected[0].count, 16 * expected.count))
        for (y, row) in expected.enumerated() {
            for (x, letter) in row.enumerated() {
                let pixel = image.pixel(16 * x + 8, 16 * y + 8)
                for shift in [0, 8, 16] as [UInt32] {
                    let difference = Int(pixel >> shift & 255) - Int((colors[letter] ?? 0) >> shift & 255)
                    #expect(abs(difference) < 8)
                }
            }
        }
    }
}
