import Foundation
import Imaging
import TestSupport
import Testing

/// Bytes from the network may be anything: each test input must produce a picture or an `ImageError`.
@Suite struct HostileInputTests {
    @Test("a truncated picture is rejected, unless every pixel is there")
    func truncated() throws {
        for picture in try TestPictures.everyFormat() {
            let whole = try RGBImage.decode(picture.bytes).bytes
            for count in stride(from: 0, to: picture.bytes.count, by: 10) {
                do throws(ImageError) {
                    let image = try RGBImage.decode(Array(picture.bytes[..<count]))
                    #expect(
                        image.bytes == whole,
                        "\(picture.format) cut at \(count) of \(picture.bytes.count)"
                    )
                    // The end marker and all but the first frame of an animation may be missing.
                    #expect(count > picture.bytes.count - 20 || picture.format == .gif)
                } catch {
                    #expect([.corrupt, .notAnImage, .unsupportedFormat].contains(error.code))
                }
            }
        }
    }

    @Test("flipped bits never do more than damage the picture", arguments: 0..<40)
    func flippedBits(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for picture in try TestPictures.everyFormat() {
            for flips in [1, 3, 20] {
                var bytes = picture.bytes
                for _ in 0..<flips {
                    bytes[.random(in: bytes.indices, using: &generator)] ^=
                        1 << UInt8.random(in: 0..<8, using: &generator)
                }
                let limits = ImageLimits(maximumPixels: 1_000_000)
                guard let image = try? RGBImage.decode(bytes, limits: limits) else { continue }
                #expect(image.width * image.height <= limits.maximumPixels)
            }
        }
    }

    @Test(
        "a size is rejected by the header, before any pixel is decoded",
        arguments: [
            ("PNG", PNGBuilder(width: 50_000, height: 50_000, rows: [0]).bytes, .tooLarge),
            (
                "PNG, interlaced sides of 2^31 - 1",
                PNGBuilder(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, rows: []).bytes, nil
            ),
            ("PNG without width", PNGBuilder(width: 0, height: 1, rows: [0]).bytes, .corrupt),
            ("PNG without height", PNGBuilder(width: 1, height: 0, rows: [0]).bytes, .corrupt),
            (
                "GIF",
                Array("GIF89a".utf8) + [0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]
                    + [0x2C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 2, 2, 0x44, 1, 0, 0x3B], .tooLarge
            ),
            ("TIFF", TIFFBuilder(width: 60_000, height: 60_000, samples: 3, pixels: [0, 0, 0]).bytes, .tooLarge),
            (
                "TIFF of 2^32 - 1", TIFFBuilder(width: 0xFFFF_FFFF, height: 0xFFFF_FFFF, samples: 3, pixels: []).bytes,
                nil
            ),
            (
                "TIFF of few bytes", TIFFBuilder(width: 7000, height: 7000, samples: 3, pixels: [0, 0, 0]).bytes,
                .corrupt
            ),
            (
                "TIFF of absurd strips",
                TIFFBuilder(
                    width: 8,
                    height: 8,
                    samples: 3,
                    tags: [(273, 4, 0x0FFF_FFFF, 8), (279, 4, 0x0FFF_FFFF, 0x7FFF_FFFF), (278, 4, 1, 0x7FFF_FFFF)],
                    pixels: .init(repeating: 0, count: 192)
                ).bytes, nil
            ),
            (
                "TIFF of absurd tiles",
                TIFFBuilder(
                    width: 8,
                    height: 8,
                    samples: 3,
                    tags: [(322, 4, 1, 0x0010_0000), (323, 4, 1, 0x0010_0000), (324, 4, 1, 8), (325, 4, 1, 192)],
                    pixels: .init(repeating: 0, count: 192)
                ).bytes, .corrupt
            ),
            (
                "TIFF of 65535 samples",
                TIFFBuilder(width: 100, height: 100, samples: 1, tags: [(277, 3, 1, 65535)], pixels: [0]).bytes, nil
            ),
        ] as [(String, [UInt8], ImageError.Code?)]
    )
    func oversized(_ name: String, _ bytes: [UInt8], _ code: ImageError.Code?) {
        let error = #expect(throws: ImageError.self) { try RGBImage.decode(bytes) }
        if let code { #expect(error?.code == code) }
        #expect((error?.message.utf8.count ?? 0) < 300)
    }

    @Test("the caller's limits apply")
    func limits() throws {
        let png = try TestPictures.ramp(width: 10, height: 10).encoded(as: .png)
        _ = try RGBImage.decode(png, limits: .init(maximumBytes: png.count, maximumPixels: 100))
        for limits in [
            ImageLimits(maximumBytes: png.count - 1), ImageLimits(maximumPixels: 99), ImageLimits(maximumPixels: 0),
        ] {
            let error = #expect(throws: ImageError.self) { try RGBImage.decode(png, limits: limits) }
            #expect(error?.code == .tooLarge)
            #expect(throws: ImageError.self) { try ImageInfo(reading: png, limits: limits) }
        }
    }

    @Test("a JPEG is decoded whatever the kind and size of its metadata")
    func metadata() throws {
        let jpeg = try TestPictures.base64(PictureFixtures.jpegs[2].base64)
        let plain = try RGBImage.decode(jpeg).bytes
        // An EXIF directory that links to itself, and one that claims 65535 entries.
        let loop = Array("Exif\0\0II*\0".utf8) + [8, 0, 0, 0, 0, 0, 8, 0, 0, 0]
        let many = Array("Exif\0\0II*\0".utf8) + [8, 0, 0, 0, 0xFF, 0xFF] + [UInt8](repeating: 0x12, count: 60_000)
        for (payload, marker) in [
            (loop, 0xE1), (many, 0xE1), (Array("Exif\0\0".utf8), 0xE1), ([UInt8](repeating: 65, count: 65_533), 0xFE),
            (Array("ICC_PROFILE\0".utf8) + [255, 255], 0xE2), (Array("Adobe".utf8), 0xEE), ([], 0xED),
        ] as [([UInt8], UInt8)] {
            #expect(try RGBImage.decode(TestPictures.jpeg(jpeg, inserting: payload, marker: marker)).bytes == plain)
        }
        // Thousands of unused segments.
        let blown =
            (0..<2000).reduce(into: Array(jpeg[..<2])) { bytes, _ in bytes += [0xFF, 0xE5, 0, 3, 0] } + jpeg[2...]
        #expect(try RGBImage.decode(blown).bytes == plain)
    }

    @Test("errors that every viewer tolerates are tolerated")
    func forgiven() throws {
        let jpeg = try TestPictures.base64(PictureFixtures.jpegs[2].base64)
        let plain = try RGBImage.decode(jpeg).bytes
        #expect(try RGBImage.decode(jpeg + [UInt8](repeating: 7, count: 500)).bytes == plain)
        // Bytes between two segments, at the position of a marker.
        #expect(try RGBImage.decode(Array(jpeg[..<20]) + [1, 2, 3] + jpeg[20...]).bytes == plain)
        let png = try TestPictures.ramp(width: 9, height: 9).encoded(as: .png)
        #expect(try RGBImage.decode(png + [1, 2, 3]).bytes == RGBImage.decode(png).bytes)
    }

    @Test("many threads can decode, encode and transform at once")
    func concurrency() throws {
        let pictures = try TestPictures.everyFormat()
        let expected = try pictures.map { try RGBImage.decode($0.bytes).bytes }
        let failures = Counter()
        DispatchQueue.concurrentPerform(iterations: 400) { iteration in
            let index = iteration % pictures.count
            do {
                let image = try RGBImage.decode(pictures[index].bytes)
                if image.bytes != expected[index] { failures.add() }
                let half = try PictureTransform(rotation: .quarter, scalingFactor: 0.5).apply(to: image)
                let encoded = try half.encoded(as: .png)
                if try RGBImage.decode(encoded).bytes != half.bytes { failures.add() }
            } catch {
                failures.add()
            }
            if (try? RGBImage.decode(Array(pictures[index].bytes.dropLast(pictures[index].bytes.count / 2)))) != nil {
                failures.add()
            }
        }
        #expect(failures.count == 0)
    }
}
