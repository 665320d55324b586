import Imaging
import Testing

/// The files are built field by field from the structures in Microsoft's documentation.
@Suite struct BitmapTests {
    private static let masks565 = [0xF800, 0x07E0, 0x001F].flatMap { littleEndian($0, 4) }
    private static let masksRGBA = [0xFF, 0xFF00, 0xFF0000].flatMap { littleEndian($0, 4) }

    @Test(
        "every kind of bitmap is read",
        arguments: [
            // Rows are padded to four bytes, and go from the bottom up.
            (
                "24 bit", BMPBuilder(width: 1, height: 2, bits: 24, pixels: [3, 2, 1, 0, 6, 5, 4, 0]),
                [[0x040506], [0x010203]]
            ),
            (
                "top-down", BMPBuilder(width: 1, height: -2, bits: 24, pixels: [3, 2, 1, 0, 6, 5, 4, 0]),
                [[0x010203], [0x040506]]
            ),
            ("last padding missing", BMPBuilder(width: 1, height: 1, bits: 24, pixels: [3, 2, 1]), [[0x010203]]),
            ("32 bit", BMPBuilder(width: 1, height: 1, bits: 32, pixels: [3, 2, 1, 0]), [[0x010203]]),
            // 0x7FFF is white in five bits a channel; 0x0010 = 16 of 31 in blue: 16 * 255 / 31 = 131.6.
            (
                "16 bit", BMPBuilder(width: 2, height: 1, bits: 16, pixels: [0xFF, 0x7F, 0x10, 0]),
                [[0xFFFFFF, 0x000084]]
            ),
            (
                "16 bit with masks",
                BMPBuilder(
                    width: 2,
                    height: 1,
                    bits: 16,
                    compression: 3,
                    tables: masks565,
                    pixels: [0xE0, 0x07, 0, 0xF8]
                ),
                [[0x00FF00, 0xFF0000]]
            ),
            (
                "32 bit with masks",
                BMPBuilder(width: 1, height: 1, bits: 32, compression: 3, tables: masksRGBA, pixels: [1, 2, 3, 9]),
                [[0x010203]]
            ),
            (
                "1 bit",
                BMPBuilder(
                    width: 3,
                    height: 1,
                    bits: 1,
                    tables: [1, 2, 3, 0, 4, 5, 6, 0],
                    pixels: [0b0100_0000, 0, 0, 0]
                ), [[0x030201, 0x060504, 0x030201]]
            ),
            (
                "4 bit",
                BMPBuilder(
                    width: 3,
                    height: 1,
                    bits: 4,
                    tables: [1, 2, 3, 0, 4, 5, 6, 0],
                    colors: 2,
                    pixels: [0x10, 0x10, 0, 0]
                ), [[0x060504, 0x030201, 0x060504]]
            ),
            (
                "8 bit with a colour missing from the palette",
                BMPBuilder(width: 2, height: 1, bits: 8, tables: [1, 2, 3, 0], colors: 1, pixels: [0, 77, 0, 0]),
                [[0x030201, 0x000000]]
            ),
        ] as [(String, BMPBuilder, [[UInt32]])]
    )
    func kinds(_ name: String, _ builder: BMPBuilder, _ expected: [[UInt32]]) throws {
        #expect(try RGBImage.decode(builder.bytes).rows == expected)
    }

    @Test("an OS/2 bitmap is read")
    func os2() throws {
        let bytes =
            Array("BM".utf8) + littleEndian(30, 4) + littleEndian(0, 4) + littleEndian(26, 4) + littleEndian(12, 4)
            + littleEndian(1, 2) + littleEndian(1, 2) + littleEndian(1, 2) + littleEndian(24, 2) + [3, 2, 1, 0]
        #expect(try RGBImage.decode(bytes).rows == [[0x010203]])
    }

    @Test(
        "a header that does not match the file is rejected",
        arguments: [
            ("no width", BMPBuilder(width: 0, height: 1, bits: 24, pixels: [0, 0, 0, 0]), .corrupt),
            ("negative width", BMPBuilder(width: -1, height: 1, bits: 24, pixels: [0, 0, 0, 0]), .corrupt),
            ("no height", BMPBuilder(width: 1, height: 0, bits: 24, pixels: [0, 0, 0, 0]), .corrupt),
            ("lowest height", BMPBuilder(width: 1, height: .init(Int32.min), bits: 24, pixels: [0]), .tooLarge),
            ("most pixels", BMPBuilder(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, bits: 32, pixels: [0]), .tooLarge),
            ("a pixel missing", BMPBuilder(width: 2, height: 1, bits: 24, pixels: [0, 0, 0, 0, 0]), .corrupt),
            ("no colours", BMPBuilder(width: 1, height: 1, bits: 8, pixels: [0, 0, 0, 0]), .corrupt),
            (
                "an invalid number of bits", BMPBuilder(width: 1, height: 1, bits: 7, pixels: [0]),
                .unsupportedFormat
            ),
            ("run lengths", BMPBuilder(width: 1, height: 1, bits: 8, compression: 1, pixels: [0]), .unsupportedFormat),
            (
                "a mask with holes",
                BMPBuilder(
                    width: 1,
                    height: 1,
                    bits: 32,
                    compression: 3,
                    tables: [5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
                    pixels: [0, 0, 0, 0]
                ), .corrupt
            ),
            ("no masks", BMPBuilder(width: 1, height: 1, bits: 32, compression: 3, pixels: []), .corrupt),
        ] as [(String, BMPBuilder, ImageError.Code)]
    )
    func refused(_ name: String, _ builder: BMPBuilder, _ code: ImageError.Code) {
        let error = #expect(throws: ImageError.self) { try RGBImage.decode(builder.bytes) }
        #expect(error?.code == code)
    }
}
