import Imaging
import Testing

@Suite struct ImageFormatTests {
    @Test(
        "the format is detected from the first bytes",
        arguments: [
            ("jpeg", [0xFF, 0xD8, 0xFF, 0xE0]),
            ("png", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
            ("gif", Array("GIF89a".utf8)),
            ("webp", Array("RIFF\u{10}\0\0\0WEBPVP8 ".utf8)),
            ("tiff", [0x49, 0x49, 42, 0]),
            ("tiff", [0x4D, 0x4D, 0, 42]),
            ("tiff", [0x4D, 0x4D, 0, 43]),
            ("heic", Array("\0\0\0\u{18}ftypheic\0\0\0\0mif1heic".utf8)),
            ("heic", Array("\0\0\0\u{18}ftypmif1\0\0\0\0mif1heic".utf8)),
            ("avif", Array("\0\0\0\u{1C}ftypmif1\0\0\0\0mif1avifmiaf".utf8)),
            ("jxl", [0xFF, 0x0A, 0x43]),
            ("jxl", Array("\0\0\0\u{C}JXL \r\n".utf8) + [0x87, 0x0A]),
            ("ppm", Array("P6 1 1 255 abc".utf8)),
            ("ppm", Array("P2\n# a comment\n1 1 1 1".utf8)),
        ] as [(String, [UInt8])]
    )
    func sniffing(_ name: String, _ bytes: [UInt8]) {
        #expect(ImageFormat.sniff(bytes)?.name == name)
    }

    @Test(
        "other bytes have no format",
        arguments: [
            "", "B", "BM", "BMW is no bitmap, whatever its first letters", "GIF88a", "II*", "RIFF",
            "RIFF\u{10}\0\0\0WAVEfmt ", "P6", "P6x",
        ]
    )
    func notSniffed(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(ImageFormat.sniff(bytes) == nil)
        let error = #expect(throws: ImageError.self) { try RGBImage.decode(bytes) }
        #expect(error?.code == .notAnImage)
    }

    /// The signatures of each format's specification.
    @Test(
        "an unsupported format is named",
        arguments: [
            ("JPEG 2000", [0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A]),
            ("JPEG 2000", [0xFF, 0x4F, 0xFF, 0x51]),
            ("(ICO)", [0, 0, 1, 0, 1, 0]),
            ("(PSD)", Array("8BPS\0\u{1}".utf8)),
            ("PDF", Array("%PDF-1.7".utf8)),
            ("SVG", Array("<svg/>".utf8)),
            ("OpenEXR", [0x76, 0x2F, 0x31, 1]),
            ("gzip", [0x1F, 0x8B, 8, 0]),
            ("zip", Array("PK\u{3}\u{4}".utf8)),
            ("MP4 or QuickTime video", Array("\0\0\0\u{18}ftypisom\0\0\0\0isommp42".utf8)),
            ("HEIF with a codec other than HEVC and AV1", Array("\0\0\0\u{18}ftypmif1\0\0\0\0mif1vvic".utf8)),
            ("(PBM)", Array("P4 8 1\n\0".utf8)),
        ] as [(String, [UInt8])]
    )
    func namesUnsupported(_ name: String, _ bytes: [UInt8]) {
        let error = #expect(throws: ImageError.self) { try RGBImage.decode(bytes) }
        #expect(error?.code == .unsupportedFormat)
        #expect(error?.message.contains("\(name) is not supported") ?? false, "\(error?.message ?? "")")
    }

    @Test("every format is detected from a real picture")
    func realPictures() throws {
        let pictures = try TestPictures.everyFormat()
        for picture in pictures {
            #expect(ImageFormat.sniff(picture.bytes) == picture.format)
        }
        #expect(Set(pictures.map(\.format)) == Set(ImageFormat.allCases))
    }

    @Test("a format can be made from its name")
    func names() {
        for format in ImageFormat.allCases { #expect(ImageFormat(name: format.name) == format) }
        #expect(ImageFormat(name: "jpg") == nil)
        #expect(ImageFormat.jpeg.mediaType == "image/jpeg")
        #expect(ImageFormat.jpeg.fileExtension == "jpg")
        #expect(ImageFormat.allCases.filter(\.isEncodable) == [.jpeg, .png, .webp])
    }
}
