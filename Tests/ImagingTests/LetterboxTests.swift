import Foundation
import Imaging
import ObjectDetection
import Testing

@Suite("Letterbox")
struct LetterboxTests {
    /// What OpenCV and the reference arithmetic answer; written by `Scripts/letterbox-golden.py`.
    struct Golden: Decodable, Sendable, CustomTestStringConvertible {
        var image: [Int]
        var side: Int
        var square: Bool
        var input: [Int]
        var scaled: [Int]
        var padding: [Int]
        var crc32: UInt32
        var networkBox: [Float]
        var imageBox: [Float]

        var testDescription: String { "\(image) to \(side) \(square ? "square" : "rectangular")" }

        var letterbox: Letterbox {
            Letterbox(
                imageWidth: image[0],
                imageHeight: image[1],
                side: side,
                shape: square ? .square : .rectangular
            )
        }
    }

    static func goldens() throws -> [Golden] {
        let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures")
        return try JSONDecoder().decode(
            [Golden].self,
            from: Data(contentsOf: fixtures.appending(path: "letterbox.json"))
        )
    }

    @Test("sizes and padding are those of the training code")
    func geometry() throws {
        for golden in try Self.goldens() {
            let letterbox = golden.letterbox
            #expect([letterbox.width, letterbox.height] == golden.input, "\(golden)")
            #expect([letterbox.scaledWidth, letterbox.scaledHeight] == golden.scaled, "\(golden)")
            #expect([letterbox.padLeft, letterbox.padTop] == golden.padding, "\(golden)")
        }
    }

    @Test("the network's input has the bytes that OpenCV gives it")
    func bytes() throws {
        let goldens = try Self.goldens()
        #expect(goldens.count >= 200)
        for (seed, golden) in goldens.enumerated() {
            let image = seededImage(width: golden.image[0], height: golden.image[1], seed: UInt32(seed))
            let letterbox = golden.letterbox
            let tensor = [UInt8](unsafeUninitializedCapacity: letterbox.byteCount) { buffer, count in
                // A byte that is not written shows, whatever the allocator handed out.
                buffer.initialize(repeating: 0xA5)
                letterbox.draw(image, into: buffer)
                count = buffer.count
            }
            #expect(tabulatedCRC32(tensor) == golden.crc32, "\(golden)")
        }
    }

    @Test("boxes come back as the reference arithmetic brings them back")
    func boxes() throws {
        for golden in try Self.goldens() {
            let box = golden.letterbox.imageBox(
                from: BoundingBox(
                    minX: golden.networkBox[0],
                    minY: golden.networkBox[1],
                    maxX: golden.networkBox[2],
                    maxY: golden.networkBox[3]
                )
            )
            #expect([box.minX, box.minY, box.maxX, box.maxY] == golden.imageBox, "\(golden)")
        }
    }

    @Test(
        "a picture too thin for its scale keeps one row or column",
        arguments: [(2000, 1, 640, 32), (1, 2000, 32, 640), (100_000, 3, 640, 32)]
    )
    func thinPicture(imageWidth: Int, imageHeight: Int, width: Int, height: Int) {
        let letterbox = Letterbox(imageWidth: imageWidth, imageHeight: imageHeight)
        #expect(letterbox.width == width && letterbox.height == height)
        #expect(min(letterbox.scaledWidth, letterbox.scaledHeight) == 1)

        let image = RGBImage(width: imageWidth, height: imageHeight) { $0.initialize(repeating: 200) }
        var tensor = [UInt8](repeating: 0, count: letterbox.byteCount)
        tensor.withUnsafeMutableBufferPointer { letterbox.draw(image, into: $0) }
        #expect(tensor.count { $0 == 200 } == 3 * letterbox.scaledWidth * letterbox.scaledHeight)
        #expect(tensor.count { $0 == Letterbox.paddingLevel } == tensor.count - tensor.count { $0 == 200 })
    }

    @Test("a picture of a batch leaves its neighbours alone")
    func batch() {
        let letterbox = Letterbox(imageWidth: 50, imageHeight: 31, side: 64)
        let image = seededImage(width: 50, height: 31, seed: 7)
        var tensor = [UInt8](repeating: 0, count: 3 * letterbox.byteCount)
        tensor.withUnsafeMutableBufferPointer { all in
            let slot = letterbox.byteCount..<2 * letterbox.byteCount
            letterbox.draw(image, into: UnsafeMutableBufferPointer(rebasing: all[slot]))
        }
        #expect(tensor.prefix(letterbox.byteCount).allSatisfy { $0 == 0 })
        #expect(tensor.suffix(letterbox.byteCount).allSatisfy { $0 == 0 })
        #expect(tensor.dropFirst(letterbox.byteCount).prefix(letterbox.byteCount).contains(Letterbox.paddingLevel))
    }
}

/// Slopes that wrap around, with noise on them: `picture` of `Scripts/letterbox-golden.py`.
private func seededImage(width: Int, height: Int, seed: UInt32) -> RGBImage {
    RGBImage(width: width, height: height) { pixels in
        // Iterators and closures would take a debug build half a minute here.
        var (i, x, y, c) = (0, UInt32(0), UInt32(0), UInt32(0))
        while i < pixels.count {
            var noise = (UInt32(i) &+ seed) &* 2_654_435_761
            noise ^= noise &>> 15
            noise = noise &* 2_246_822_519
            noise ^= noise &>> 13
            let slope = (x &* 3 &+ y &* 5 &+ c &* 40) &>> 1
            pixels[i] = UInt8(truncatingIfNeeded: slope &+ noise &>> 26)

            i += 1
            c += 1
            guard c == 3 else { continue }
            (c, x) = (0, x + 1)
            guard x == width else { continue }
            (x, y) = (0, y + 1)
        }
    }
}

/// The checksum of zip and PNG, a byte at a time.
private func tabulatedCRC32(_ bytes: [UInt8]) -> UInt32 {
    let table = (0..<UInt32(256)).map { byte in
        (0..<8).reduce(byte) { remainder, _ in remainder >> 1 ^ (remainder & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    var (remainder, i) = (~UInt32(0), 0)
    while i < bytes.count {
        remainder = remainder &>> 8 ^ table[Int((remainder ^ UInt32(bytes[i])) & 0xFF)]
        i += 1
    }
    return ~remainder
}
