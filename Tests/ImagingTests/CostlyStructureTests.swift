import Imaging
import Testing

@Suite struct CostlyStructureTests {
    private static let image = RGBImage(width: 24, height: 16) { pixels in
        for index in pixels.indices { pixels.initializeElement(at: index, to: UInt8(truncatingIfNeeded: index &* 7)) }
    }

    @Test("data that phones append to a JPEG does not count as scans") func appended() throws {
        let jpeg = try Self.image.encoded(as: .jpeg)
        let appended = jpeg + Array(repeating: [0xFF, 0xDA], count: 500).joined()
        let plain = try RGBImage.decode(jpeg.span.bytes)
        #expect(try RGBImage.decode(appended.span.bytes).bytes == plain.bytes)
    }

    @Test("text chunks of a PNG are skipped", arguments: ["tEXt", "zTXt", "iTXt"]) func texts(kind: String) throws {
        let png = try Self.image.encoded(as: .png)
        let chunk: [UInt8] = [0, 0, 0, 4] + Array(kind.utf8) + [1, 2, 3, 4, 0, 0, 0, 0]
        // After the signature (8 bytes) and the header (25 bytes), with a wrong checksum.
        let bytes = Array(png.prefix(33)) + Array(repeating: chunk, count: 2000).joined() + png.dropFirst(33)
        #expect(try RGBImage.decode(bytes.span.bytes).bytes == Self.image.bytes)
    }

    @Test("a PNG with a chunk longer than the file is rejected") func overlongChunk() throws {
        let png = try Self.image.encoded(as: .png)
        let bytes = Array(png.prefix(33)) + [0xFF, 0xFF, 0xFF, 0xFF] + Array("zTXt".utf8) + png.dropFirst(33)
        #expect(code(of: bytes) == .corrupt)
    }

    private func code(of bytes: [UInt8]) -> ImageError.Code? {
        do {
            _ = try RGBImage.decode(bytes.span.bytes)
            return nil
        } catch {
            return error.code
        }
    }
}
