import Foundation
import Imaging
import TestSupport
import Testing

/// Pictures made for the tests, byte by byte if no encoder here can write what is tested.
enum TestPictures {
    /// Returns a picture with channels that increase to the right, to the bottom, and in both directions.
    static func ramp(width: Int, height: Int) -> RGBImage {
        RGBImage(width: width, height: height) { pixels in
            for y in 0..<height {
                for x in 0..<width {
                    let offset = 3 * (y * width + x)
                    pixels[offset] = UInt8(x * 255 / max(1, width - 1))
                    pixels[offset + 1] = UInt8(y * 255 / max(1, height - 1))
                    pixels[offset + 2] = UInt8((x + y) * 255 / max(1, width + height - 2))
                }
            }
        }
    }

    /// Returns a picture of the given pixels, each as `0xRRGGBB`.
    static func image(_ rows: [[UInt32]]) -> RGBImage {
        RGBImage(width: rows[0].count, height: rows.count) { pixels in
            for (index, pixel) in rows.joined().enumerated() {
                pixels[3 * index] = UInt8(pixel >> 16)
                pixels[3 * index + 1] = UInt8(pixel >> 8 & 255)
                pixels[3 * index + 2] = UInt8(pixel & 255)
            }
        }
    }

    static func base64(_ text: String) throws -> [UInt8] {
        try [UInt8](#require(Data(base64Encoded: text)))
    }

    /// Returns at least one valid picture in every readable format.
    static func everyFormat() throws -> [(format: ImageFormat, bytes: [UInt8])] {
        let image = ramp(width: 32, height: 24)
        return try [
            (.jpeg, image.encoded(as: .jpeg)),
            (.jpeg, base64(PictureFixtures.jpegs[3].base64)),
            (.png, image.encoded(as: .png)),
            (.png, base64(PictureFixtures.palettePNG)),
            (.webp, image.encoded(as: .webp)),
            (.webp, base64(PictureFixtures.animatedWebP)),
            (.gif, base64(PictureFixtures.animatedGIF)),
            (.tiff, TIFFBuilder(width: 8, height: 4, samples: 3, pixels: .init(repeating: 99, count: 96)).bytes),
            (.tiff, base64(PictureFixtures.jpegInTIFF)),
            (.bmp, BMPBuilder(width: 5, height: 3, bits: 24, pixels: .init(repeating: 99, count: 48)).bytes),
            (.heic, base64(PictureFixtures.heic)),
            (.avif, base64(PictureFixtures.avif)),
            (.jxl, base64(PictureFixtures.jxl)),
            (.ppm, Array("P6\n# by hand\n8 4\n255\n".utf8) + [UInt8](repeating: 99, count: 96)),
            (.ppm, Array("P2 3 1 9\n0 4 9".utf8)),
        ]
    }

    /// Returns a JPEG with a segment inserted after its first marker.
    static func jpeg(_ jpeg: [UInt8], inserting payload: [UInt8], marker: UInt8) -> [UInt8] {
        let length = payload.count + 2
        return jpeg[..<2] + [0xFF, marker, UInt8(length >> 8), UInt8(length & 255)] + payload + jpeg[2...]
    }

    /// Returns the payload of an APP1 segment with the given orientation.
    static func exif(orientation: Int) -> [UInt8] {
        Array("Exif\0\0".utf8)
            + [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0]
            + [0x12, 0x01, 3, 0, 1, 0, 0, 0, UInt8(orientation), 0, 0, 0, 0, 0, 0, 0]
    }
}

extension RGBImage {
    /// All pixels: `height * width * 3` bytes.
    var bytes: [UInt8] { withUnsafePixels { Array($0) } }

    /// Returns one pixel as `0xRRGGBB`.
    func pixel(_ x: Int, _ y: Int) -> UInt32 {
        withUnsafePixels { pixels in
            let offset = 3 * (y * width + x)
            return UInt32(pixels[offset]) << 16 | UInt32(pixels[offset + 1]) << 8 | UInt32(pixels[offset + 2])
        }
    }

    /// The rows of pixels, in the form that ``TestPictures/image(_:)`` accepts.
    var rows: [[UInt32]] { (0..<height).map { y in (0..<width).map { pixel($0, y) } } }

    static func decode(
        _ bytes: [UInt8],
        limits: ImageLimits = ImageLimits(),
        embeddedProfile: EmbeddedProfile = .apply,
        acceptsTruncated: Bool = false
    ) throws(ImageError) -> RGBImage {
        let options = DecodingOptions(
            limits: limits,
            embeddedProfile: embeddedProfile,
            acceptsTruncated: acceptsTruncated
        )
        return try decode(bytes.span.bytes, options)
    }
}

extension ImageInfo {
    init(reading bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) {
        try self.init(reading: bytes.span.bytes, limits: limits)
    }
}

extension ImageFormat {
    static func sniff(_ bytes: [UInt8]) -> ImageFormat? { sniff(bytes.span.bytes) }
}

/// Writes a PNG with any header.
struct PNGBuilder {
    var width: Int
    var height: Int
    var depth: UInt8 = 8
    /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
    var colorType: UInt8 = 2
    /// Chunks to put before the pixels.
    var chunks: [(name: String, data: [UInt8])] = []
    /// The rows, each preceded by the byte for its filter.
    var rows: [UInt8]

    var bytes: [UInt8] {
        let header = bigEndian(width) + bigEndian(height) + [depth, colorType, 0, 0, 0]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header)
            + chunks.flatMap { chunk($0.name, $0.data) } + chunk("IDAT", PNGBuilder.stored(rows)) + chunk("IEND", [])
    }

    private func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return bigEndian(data.count) + body + bigEndian(Int(crc32(body)))
    }

    /// Returns a zlib stream of stored blocks.
    static func stored(_ data: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var start = 0
        repeat {
            let count = min(65535, data.count - start)
            let isLast: UInt8 = start + count == data.count ? 1 : 0
            stream += [isLast, UInt8(count & 255), UInt8(count >> 8), ~UInt8(count & 255), ~UInt8(count >> 8)]
            stream += data[start..<(start + count)]
            start += count
        } while start < data.count
        var (low, high) = (1, 0)
        for byte in data {
            low = (low + Int(byte)) % 65521
            high = (high + low) % 65521
        }
        return stream + bigEndian(high << 16 | low)
    }
}

/// Writes a TIFF of one strip, uncompressed, little endian.
struct TIFFBuilder {
    var width: Int
    var height: Int
    var bits = 8
    var samples: Int
    /// 1 grey, 2 RGB, 5 CMYK.
    var photometric = 2
    /// 1 integer, 3 floating point.
    var sampleFormat = 1
    /// Tags to add or replace: number, type, count and value.
    var tags: [(tag: Int, type: Int, count: Int, value: Int)] = []
    var pixels: [UInt8]

    var bytes: [UInt8] {
        var entries: [Int: (type: Int, count: Int, value: Int)] = [
            256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, bits), 259: (3, 1, 1), 262: (3, 1, photometric),
            273: (4, 1, 8), 277: (3, 1, samples), 278: (4, 1, height), 279: (4, 1, pixels.count),
            339: (3, 1, sampleFormat),
        ]
        if samples > 3 && photometric == 2 { entries[338] = (3, 1, 2) }
        for tag in tags { entries[tag.tag] = (tag.type, tag.count, tag.value) }
        // The bits and format of each sample do not fit into an entry, so they follow the directory.
        let directory = 8 + pixels.count
        let behind = directory + 2 + 12 * entries.count + 4
        if samples > 2 {
            entries[258] = (3, samples, behind)
            entries[339] = (3, samples, behind + 2 * samples)
        }
        var bytes: [UInt8] = [0x49, 0x49, 42, 0] + littleEndian(directory, 4) + pixels
        bytes += littleEndian(entries.count, 2)
        for (tag, entry) in entries.sorted(by: { $0.key < $1.key }) {
            bytes += littleEndian(tag, 2) + littleEndian(entry.type, 2) + littleEndian(entry.count, 4)
            bytes += littleEndian(entry.value, 4)
        }
        bytes += littleEndian(0, 4)
        for value in [bits, sampleFormat] {
            for _ in 0..<samples { bytes += littleEndian(value, 2) }
        }
        return bytes
    }
}

/// Writes a Windows bitmap with any header.
struct BMPBuilder {
    var width: Int
    var height: Int
    var bits: Int
    var compression = 0
    /// Masks, then colours, after the header.
    var tables: [UInt8] = []
    var colors = 0
    var pixels: [UInt8]

    var bytes: [UInt8] {
        let offset = 54 + tables.count
        return Array("BM".utf8) + littleEndian(offset + pixels.count, 4) + littleEndian(0, 4) + littleEndian(offset, 4)
            + littleEndian(40, 4) + littleEndian(width, 4) + littleEndian(height, 4) + littleEndian(1, 2)
            + littleEndian(bits, 2) + littleEndian(compression, 4) + littleEndian(0, 12) + littleEndian(colors, 4)
            + littleEndian(0, 4) + tables + pixels
    }
}

func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * min($0, 7))) }
}

func bigEndian(_ value: Int) -> [UInt8] { littleEndian(value, 4).reversed() }

/// Returns the CRC-32 checksum of zip and PNG; `checksum` is that of the preceding bytes, if any.
func crc32(_ bytes: [UInt8], after checksum: UInt32 = 0) -> UInt32 {
    let table = (0..<UInt32(256)).map { byte in
        (0..<8).reduce(byte) { remainder, _ in remainder >> 1 ^ (remainder & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    // Iterators and closures would take half a minute here in a debug build.
    var (remainder, i) = (~checksum, 0)
    while i < bytes.count {
        remainder = remainder &>> 8 ^ table[Int((remainder ^ UInt32(bytes[i])) & 0xFF)]
        i += 1
    }
    return ~remainder
}
