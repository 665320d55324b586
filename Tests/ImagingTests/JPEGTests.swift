import Foundation
import Imaging
import TestSupport
import Testing

@Suite("JPEG") struct JPEGTests {
    /// The checksum is `zlib.crc32` over `cv2.imread(path)[..., ::-1]` of all files, sorted by name, with OpenCV 5.0.0.
    @Test("COCO128's pictures decode to the same bytes as in OpenCV", .needs(.coco128))
    func coco128() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Asset.coco128.path)
            .filter { $0.hasSuffix(".jpg") }.sorted()
        #expect(names.count == 128)
        let checksum = try names.reduce(0 as UInt32) { checksum, name in
            let file = try Data(contentsOf: URL(filePath: "\(Asset.coco128.path)/\(name)"))
            return try crc32(RGBImage.decode([UInt8](file), embeddedProfile: .ignore).bytes, after: checksum)
        }
        #expect(checksum == 0xF987_16F0)
    }

    @Test(
        "a missing end marker is no damage",
        arguments: PictureFixtures.jpegs.map(\.base64) + [PictureFixtures.cmykJPEG]
    )
    func missingEnd(_ base64: String) throws {
        let jpeg = try TestPictures.base64(base64)
        #expect(jpeg.suffix(2) == [0xFF, 0xD9])
        let whole = try RGBImage.decode(jpeg).bytes
        for count in [1, 2] { #expect(try RGBImage.decode(Array(jpeg.dropLast(count))).bytes == whole) }
    }

    @Test(
        "a JPEG that is cut off is rejected, or read as far as it goes",
        arguments: PictureFixtures.jpegs.map(\.base64)
    )
    func cutOff(_ base64: String) throws {
        let jpeg = try TestPictures.base64(base64)
        let whole = try RGBImage.decode(jpeg)
        let firstScan = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xDA })
        for count in stride(from: firstScan + 40, to: jpeg.count - 8, by: 7) {
            let bytes = Array(jpeg[..<count])
            let error = #expect(throws: ImageError.self) { try RGBImage.decode(bytes) }
            #expect(error?.code == .corrupt)
            let options = DecodingOptions(acceptsTruncated: true)
            let image = try ReducedImage.decode(bytes.span.bytes, options, forSide: .max)
            #expect(image.isTruncated)
            #expect((image.width, image.height) == (whole.width, whole.height))
        }
        let options = DecodingOptions(acceptsTruncated: true)
        #expect(try !ReducedImage.decode(jpeg.span.bytes, options, forSide: .max).isTruncated)
    }

    /// 128 rows of blocks; OpenCV 5.0.0 also decodes the first ones to the same bytes and the others to grey.
    @Test("what precedes the cut is decoded as in the whole picture")
    func rowsBeforeCut() throws {
        let whole = TestPictures.ramp(width: 64, height: 1024)
        let jpeg = try whole.encoded(as: .jpeg)
        let expected = try RGBImage.decode(jpeg).bytes
        let cut = try RGBImage.decode(Array(jpeg[..<(jpeg.count * 3 / 4)]), acceptsTruncated: true).bytes
        let quarter = expected.count / 4
        #expect(cut[..<(2 * quarter)] == expected[..<(2 * quarter)])
        #expect(cut.suffix(3) != expected.suffix(3))
    }

    /// Fields of the frame header: ITU-T T.81, B.2.2; SOF3 is lossless, SOF5 differential; T.87 defines SOF55 (F7).
    @Test(
        "an unsupported kind of JPEG is named",
        arguments: [
            (0, 0xC3, "lossless"), (0, 0xF7, "lossless"), (0, 0xC5, "hierarchical"), (3, 12, "more than 8 bits"),
            (4, 0, "does not state its height"),
        ] as [(Int, UInt8, String)]
    )
    func unsupportedKinds(_ offset: Int, _ value: UInt8, _ name: String) throws {
        var jpeg = try TestPictures.base64(PictureFixtures.jpegs[0].base64)
        let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg[frame + 1 + offset] = value
        // The height has two bytes.
        if offset == 4 { jpeg[frame + 6] = 0 }
        let error = #expect(throws: ImageError.self) { try RGBImage.decode(jpeg) }
        #expect(error?.code == .unsupportedFormat)
        #expect(error?.message.contains(name) ?? false, "\(error?.message ?? "")")
    }

    /// EXIF 2.32, section 4.6.2: byte order, 42, offset of the directory; number of entries; tag, type, count, value.
    @Test(
        "valid EXIF determines how a picture is turned",
        arguments: [
            ("little endian", "Exif\0\0II*\0\u{8}\0\0\0", [1, 0], [0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0], true),
            ("big endian", "Exif\0\0MM\0*\0\0\0\u{8}", [0, 1], [1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0], true),
            ("32 bit", "Exif\0\0MM\0*\0\0\0\u{8}", [0, 1], [1, 0x12, 0, 4, 0, 0, 0, 1, 0, 0, 0, 6], true),
            ("later", "Exif\0\0MM\0*\0\0\0\u{9}", [0, 0, 1], [1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0], true),
            ("too many entries", "Exif\0\0II*\0\u{8}\0\0\0", [255, 255], [1, 1, 3, 0, 1, 0, 0, 0, 6, 0], false),
            ("directory outside", "Exif\0\0II*\0\u{8}\0\0\u{7F}", [1, 0], [0x12, 1, 3, 0, 1, 0, 0, 0, 6], false),
            ("text", "Exif\0\0II*\0\u{8}\0\0\0", [1, 0], [0x12, 1, 2, 0, 1, 0, 0, 0, 6, 0, 0, 0], false),
            ("two values", "Exif\0\0II*\0\u{8}\0\0\0", [1, 0], [0x12, 1, 3, 0, 2, 0, 0, 0, 6, 0, 0, 0], false),
            ("no byte order", "Exif\0\0I*\0\0\u{8}\0\0\0", [1, 0], [0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0], false),
            ("name without its end", "ExifII*\0\u{8}\0\0\0", [1, 0], [0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0], false),
        ] as [(String, String, [UInt8], [UInt8], Bool)]
    )
    func orientation(_ name: String, _ head: String, _ count: [UInt8], _ entry: [UInt8], _ isTurned: Bool) throws {
        let plain = try TestPictures.ramp(width: 20, height: 10).encoded(as: .jpeg)
        let exif = Array(head.utf8) + count + entry
        // The first of two EXIF segments counts; other segments with the same marker do not.
        var jpeg = TestPictures.jpeg(plain, inserting: TestPictures.exif(orientation: 3), marker: 0xE1)
        jpeg = TestPictures.jpeg(jpeg, inserting: exif, marker: 0xE1)
        jpeg = TestPictures.jpeg(jpeg, inserting: Array("http://ns.adobe.com/xap/1.0/\0".utf8), marker: 0xE1)
        let image = try RGBImage.decode(jpeg)
        #expect(image.width == (isTurned ? 10 : 20))
        #expect(try isTurned || image.bytes == RGBImage.decode(plain).bytes)
    }

    @Test("up to a hundred scans are read, and more are rejected", arguments: [false, true])
    func scans(isHidden: Bool) throws {
        let image = try RGBImage.decode(ScansBuilder(count: 99, isHidden: isHidden).bytes)
        #expect(image.rows == Array(repeating: Array(repeating: 0x808080, count: 16), count: 8))
        for count in [100, 1000] {
            let jpeg = ScansBuilder(count: count, isHidden: isHidden).bytes
            let error = #expect(throws: ImageError.self) { try RGBImage.decode(jpeg) }
            #expect(error?.code == .tooLarge)
        }
    }
}

/// Writes a progressive JPEG of two grey blocks: one scan, and `count` more empty ones.
private struct ScansBuilder {
    var count: Int
    /// Whether a marker that the decoder skips claims everything that follows.
    var isHidden: Bool

    var bytes: [UInt8] {
        var bytes: [UInt8] = [0xFF, 0xD8]
        func segment(_ marker: UInt8, _ payload: [UInt8]) {
            bytes += [0xFF, marker, 0, UInt8(payload.count + 2)] + payload
        }
        segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
        segment(0xC2, [8, 0, 8, 0, 16, 1, 1, 0x11, 0])
        // Tables with one code of one bit: no difference from the previous block; the end of this block and the next.
        segment(0xC4, [0, 1] + [UInt8](repeating: 0, count: 15) + [0])
        segment(0xC4, [0x10, 1] + [UInt8](repeating: 0, count: 15) + [0x10])
        // A restart after each block, preceded by a meaningless marker if the scans are to be hidden.
        segment(0xDD, [0, 1])
        segment(0xDA, [1, 1, 0, 0, 0, 0])
        bytes += [0x7F] + (isHidden ? [0xFF, 0x05, 0xFF, 0xFF] : [0xFF]) + [0xD0, 0x7F]
        segment(0xDD, [0, 0])
        for _ in 0..<count {
            segment(0xDA, [1, 1, 0, 1, 63, 0])
            bytes += [0x3F]
        }
        return bytes + [0xFF, 0xD9]
    }
}
