import Foundation
import Imaging
import TestSupport
import Testing

/// The coded size counts, whatever the header says, because a decoder allocates memory for it.
@Suite struct HEIFFramesTests {
    /// The frames in the fixtures: libaom codes one of 37x23, x265 one of 80x64 for a grid of 74x46.
    @Test(
        "a frame larger than the header says is rejected by its coded size",
        arguments: [(PictureFixtures.avif, 37 * 23), (PictureFixtures.heic, 80 * 64)]
    )
    func lyingHeader(base64: String, pixels: Int) throws {
        var bytes = try TestPictures.base64(base64)
        #expect(code(of: bytes, maximumPixels: pixels) == nil)
        for index in bytes.indices.dropLast(16) where bytes[index..<(index + 4)].elementsEqual("ispe".utf8) {
            bytes.replaceSubrange((index + 8)..<(index + 16), with: [0, 0, 0, 8, 0, 0, 0, 8])
        }
        #expect(code(of: bytes, maximumPixels: pixels - 1) == .tooLarge)
        #expect(throws: ImageError.self) {
            try ImageInfo(reading: bytes.span.bytes, limits: ImageLimits(maximumPixels: pixels - 1))
        }
    }

    /// ISO/IEC 23008-12, 6.6.2.3.2 and 6.6.2.2.2; numbers have 32 bits if the flags say so.
    @Test(
        "the canvas of a grid or an overlay counts",
        arguments: [
            ("grid", [0, 0, 0, 0] + [0x4E, 0x20, 0x4E, 0x20]),
            ("grid", [0, 1, 0, 0] + [0, 1, 0, 0, 0, 1, 0, 0]),
            ("iovl", [0, 0] + [0, 0, 0, 0, 0, 0, 0, 0] + [0x4E, 0x20, 0x4E, 0x20]),
            ("iovl", [0, 1] + [0, 0, 0, 0, 0, 0, 0, 0] + [0, 1, 0, 0, 0, 1, 0, 0]),
        ] as [(String, [UInt8])]
    )
    func canvas(kind: String, data: [UInt8]) {
        #expect(code(of: HEIFBuilder(kind: kind, data: data).bytes) == .tooLarge)
    }

    /// AV1 Bitstream & Decoding Process Specification, 5.5 and 5.9.2.
    @Test("the size of an AV1 frame that overrides that of its sequence counts")
    func frameSizeOverride() {
        let (key, inter, switching) = (0, 1, 3)
        let cases: [(name: String, frame: [(Int, Int)], code: ImageError.Code)] = [
            ("shown key frame", [(0, 1), (key, 2), (1, 1), (0, 7), (0, 1), (0, 1), (0, 1), (0, 15), (0, 1)], .corrupt),
            ("key frame with a size", [(0, 1), (key, 2), (1, 1), (0, 7), (0, 1), (0, 1), (0, 15), (1, 1)], .tooLarge),
            (
                "key frame with screen content tools and a size",
                [(0, 1), (key, 2), (1, 1), (0, 7), (0, 1), (1, 1), (1, 1), (0, 15), (1, 1)], .tooLarge
            ),
            (
                "hidden frame with a size",
                [(0, 1), (key, 2), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 15), (1, 1)], .tooLarge
            ),
            (
                "inter frame with a size",
                [(0, 1), (inter, 2), (1, 1), (0, 7), (0, 1), (0, 1), (0, 1), (0, 15), (1, 1)], .tooLarge
            ),
            ("switching frame", [(0, 1), (switching, 2), (1, 1)], .tooLarge),
            ("existing frame shown again", [(1, 1), (0, 3)], .corrupt),
        ]
        for (name, frame, expected) in cases {
            // With everything that may precede the size: timing, a decoder model, two operating points, frame IDs.
            let sequence = HEIFBuilder.bits(
                [(0, 3), (0, 1), (0, 1)]
                    + [(1, 1), (1, 32), (25, 32), (0, 1), (1, 1), (9, 5), (1, 32), (9, 5), (6, 5)]
                    + [(1, 1), (1, 5)]
                    + [(0, 12), (8, 5), (0, 1), (1, 1), (0, 10), (0, 10), (0, 1), (1, 1), (3, 4)]
                    + [(0, 12), (4, 5), (0, 1), (0, 1)]
                    + [(15, 4), (15, 4), (63, 16), (63, 16), (1, 1), (12, 4), (0, 3)]
                    + [(0, 3), (0, 4), (1, 1), (0, 2), (1, 1), (1, 1)]
            )
            let header = HEIFBuilder.bits(frame) + [0, 0, 0, 0]
            let data = Self.unit(1, sequence) + Self.unit(3, header)
            #expect(code(of: HEIFBuilder(data: data).bytes) == expected, "\(name)")
            // A frame without a sequence header is invalid.
            #expect(code(of: HEIFBuilder(data: Self.unit(3, header)).bytes) == .corrupt)
        }
    }

    /// ITU-T H.265, 7.3.2.2; ISO/IEC 14496-15, 8.3.3.1.2.
    @Test("an HEVC frame has the size of its parameter set, outside or inside the item", arguments: [false, true])
    func parameterSets(isBeside: Bool) {
        let set =
            [0x42, 1]
            + HEIFBuilder.bits(
                // Two sub-layers below the highest, one with a profile and one with a level; 4:4:4 chroma.
                [(0, 4), (2, 3), (1, 1), (1, 32), (1, 32), (1, 32)]
                    + [(1, 1), (0, 1), (0, 1), (1, 1)] + Array(repeating: (0, 2), count: 6)
                    + [(1, 32), (1, 32), (1, 24), (1, 8)]
                    + [HEIFBuilder.exponentialGolomb(0), HEIFBuilder.exponentialGolomb(3), (0, 1)]
                    + [HEIFBuilder.exponentialGolomb(60_000), HEIFBuilder.exponentialGolomb(50_000)]
            )
        // Insert a 3 where the bytes would look like the start of a unit.
        var escaped: [UInt8] = []
        for byte in set {
            if escaped.suffix(2) == [0, 0], byte < 4 { escaped.append(3) }
            escaped.append(byte)
        }
        var builder = HEIFBuilder(kind: "hvc1")
        if isBeside {
            let arrays = [1, 33] + HEIFBuilder.number(1, 2) + HEIFBuilder.number(escaped.count, 2) + escaped
            builder.properties = HEIFBuilder.box("hvcC", [UInt8](repeating: 0, count: 22) + arrays)
        } else {
            builder.data = HEIFBuilder.number(2, 4) + [0x26, 1] + HEIFBuilder.number(escaped.count, 4) + escaped
        }
        #expect(code(of: builder.bytes) == .tooLarge)
    }

    @Test("boxes and items that do not fit are rejected, always quickly")
    func malformed() {
        let still = Self.unit(1, HEIFBuilder.bits([(0, 3), (1, 1), (1, 1), (0, 5), (5, 4), (5, 4), (63, 6), (63, 6)]))
        let cases: [(name: String, bytes: [UInt8])] = [
            ("an item outside the item data", HEIFBuilder(data: still, shift: 1).bytes),
            ("an item outside the file", HEIFBuilder(data: still, shift: 1 << 30, method: 0).bytes),
            ("an item in another item", HEIFBuilder(data: still, method: 2).bytes),
            ("a sequence that ends too early", HEIFBuilder(data: [0x0A, 1, 0]).bytes),
            ("a unit longer than the item", HEIFBuilder(data: [0x0A, 0xFF, 0xFF, 0x03, 0]).bytes),
            ("an endless length", HEIFBuilder(data: [0x0A] + [UInt8](repeating: 0xFF, count: 9)).bytes),
            ("parameters that end too early", HEIFBuilder(properties: HEIFBuilder.box("hvcC", [1, 2, 3])).bytes),
            ("a NAL unit longer than the item", HEIFBuilder(kind: "hvc1", data: [0xFF, 0, 0, 0, 0x42]).bytes),
            ("a grid without a size", HEIFBuilder(kind: "grid", data: [0, 0]).bytes),
            ("a box longer than the file", Array(HEIFBuilder(data: still).bytes.dropLast())),
            ("more items than any program writes", HEIFBuilder(data: still, copies: 20_000).bytes),
            (
                "nine thousand items with the same bytes",
                HEIFBuilder(
                    data: still + [UInt8](repeating: 0x12, count: 1) + Self.unit(15, .init(repeating: 0, count: 5000)),
                    copies: 9_000
                ).bytes
            ),
        ]
        for (name, bytes) in cases { #expect(code(of: bytes) == .corrupt, "\(name)") }
    }

    @Test(
        "data that phones append after the boxes is ignored",
        arguments: [PictureFixtures.avif, PictureFixtures.heic]
    )
    func trailer(base64: String) throws {
        let bytes = try TestPictures.base64(base64)
        #expect(code(of: bytes + Array("SEFH of a phone, SEFT".utf8)) == nil)
    }

    /// An OBU with its length.
    private static func unit(_ type: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [type << 3 | 2, UInt8(payload.count & 127 | 128), UInt8(payload.count >> 7)] + payload
    }

    private func code(of bytes: [UInt8], maximumPixels: Int = 50_000_000) -> ImageError.Code? {
        do {
            _ = try RGBImage.decode(bytes, limits: ImageLimits(maximumPixels: maximumPixels))
            return nil
        } catch {
            return error.code
        }
    }
}
