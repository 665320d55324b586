import Imaging
import Testing

/// The files follow Netpbm's documentation of `ppm` and `pgm`.
@Suite struct PortablePixmapTests {
    @Test(
        "every kind of pixmap is read",
        arguments: [
            ("binary RGB", "P6 2 1 255\n", [1, 2, 3, 4, 5, 6], [[0x010203, 0x040506]]),
            ("binary grey", "P5\n1\n2\n255\n", [7, 250], [[0x070707], [0xFAFAFA]]),
            ("comments", "P5#a\n# b 9\n1 # c\n1 255\n", [7], [[0x070707]]),
            ("Windows line ends", "P5\r\n1 1\r\n255\n", [7], [[0x070707]]),
            // 10 * 255 / 15 = 170.
            ("white at 15", "P5 2 1 15\n", [10, 15], [[0xAAAAAA, 0xFFFFFF]]),
            ("above white", "P5 1 1 15\n", [200], [[0xFFFFFF]]),
            // 0x1234 * 255 / 65535 = 18.13.
            ("16 bit", "P6 1 1 65535\n", [0x12, 0x34, 0xFF, 0xFF, 0, 0], [[0x12FF00]]),
            ("plain RGB", "P3 2 1 255 1 2 3\n4 5 # six\n6", [], [[0x010203, 0x040506]]),
            ("plain grey", "P2 3 1 2\n0 1 2\n", [], [[0x000000, 0x808080, 0xFFFFFF]]),
            ("more than one picture", "P5 1 1 255\n", [7] + Array("P5 1 1 255\n9".utf8), [[0x070707]]),
        ] as [(String, String, [UInt8], [[UInt32]])]
    )
    func kinds(_ name: String, _ header: String, _ samples: [UInt8], _ expected: [[UInt32]]) throws {
        #expect(try RGBImage.decode(Array(header.utf8) + samples).rows == expected)
    }

    @Test(
        "a damaged pixmap is rejected",
        arguments: [
            ("P6 2 1 255\n12345", .corrupt), ("P6 0 1 255\n123", .corrupt), ("P6 1 1 0\n123", .corrupt),
            ("P6 1 1 65536\n123456", .corrupt), ("P6 -1 1 255\n123", .corrupt), ("P6 1 x 255\n123", .corrupt),
            ("P6 1 1", .corrupt), ("P2 2 1 255 1 ", .corrupt), ("P2 1 1 255 x", .corrupt), ("P2 1 1 9 10", .corrupt),
            ("P6 99999999999999999999 1 255\n123", .corrupt), ("P6 # no end", .corrupt),
            ("P5 50000 50000 255\n1", .tooLarge), ("P3 1000000000 1000000000 255\n1", .tooLarge),
        ] as [(String, ImageError.Code)]
    )
    func damaged(_ text: String, _ code: ImageError.Code) {
        let error = #expect(throws: ImageError.self) { try RGBImage.decode(Array(text.utf8)) }
        #expect(error?.code == code)
    }
}
