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
        ] as [(String, [UInt8])]
    )
    func sniffing(_ name: String, _ bytes: [UInt8]) {
        #expect(ImageFormat.sniff(bytes)?.name == name)
    }

    @Test(
        "other bytes and unsupported pictures have no format",
        arguments: [
            "", "B", "BM", "BMW is no bitmap, whatever its first letters", "<svg/>", "%PDF-1.7", "GIF88a", "II*",
            "RIFF",
            "RIFF\u{10}\0\0\0WAVEfmt ", "\0\0\0\u{18}ftypisom\0\0\0\0isommp42", "\0\0\0\0ftypmif1\0\0\0\0avif",
            "\0\0\0\u{8}ftyp", "P6 1 1 255 abc",
        ]
    )
    func notSniffed(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(ImageFormat.sniff(bytes) == nil)
        let error = #expect(throws: ImageError.self) { try RGBImage.decode(bytes) }
        #expect(error?.code == .notAnImage)
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
