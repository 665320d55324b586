import Foundation
import Imaging
import ObjectDetection
import TestSupport
import Testing

@Suite("Letterbox")
struct LetterboxTests {
    /// Results of OpenCV and the reference arithmetic, written by `Tools/Goldens/letterbox_golden.py`.
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
        try JSONDecoder().decode([Golden].self, from: Data(contentsOf: Fixtures.url("letterbox.json")))
    }

    @Test("sizes and padding match the training code")
    func geometry() throws {
        for golden in try Self.goldens() {
            let letterbox = golden.letterbox
            #expect([letterbox.width, letterbox.height] == golden.input, "\(golden)")
            #expect([letterbox.scaledWidth, letterbox.scaledHeight] == golden.scaled, "\(golden)")
            #expect([letterbox.padLeft, letterbox.padTop] == golden.padding, "\(golden)")
        }
    }

    @Test("the network's input has the same bytes as with OpenCV")
    func bytes() throws {
        let goldens = try Self.goldens()
        #expect(goldens.count >= 200)
        for (seed, golden) in goldens.enumerated() {
            let image = seededImage(width: golden.image[0], height: golden.image[1], seed: UInt32(seed))
            let letterbox = golden.letterbox
            let tensor = [UInt8](unsafeUninitializedCapacity: letterbox.byteCount) { buffer, count in
                // Bytes left unwritten show up, whatever the allocator returned.
                buffer.initialize(repeating: 0xA5)
                letterbox.draw(image, into: buffer)
                count = buffer.count
            }
            #expect(crc32(tensor) == golden.crc32, "\(golden)")
        }
    }

    @Test("boxes are converted back as by the reference arithmetic")
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

    /// A picture of 640x426 is drawn as 320x213 pixels, 5 pixels below the upper edge of 320x224.
    @Test(
        "a box is converted from where the picture was drawn",
        arguments: [
            ([0, 5, 320, 218], [0, 0, 640, 426]),
            ([16, 21, 48, 69], [32, 32, 96, 128]),
            ([-20, -20, 400, 400], [0, 0, 640, 426]),
        ] as [([Float], [Float])]
    )
    func exactBoxes(network: [Float], picture: [Float]) {
        let letterbox = Letterbox(imageWidth: 640, imageHeight: 426, side: 320)
        let box = BoundingBox(minX: network[0], minY: network[1], maxX: network[2], maxY: network[3])
        let found = letterbox.exactImageBox(from: box)
        let edges = [found.minX, found.minY, found.maxX, found.maxY]
        #expect(zip(edges, picture).allSatisfy { abs($0 - $1) < 1e-3 }, "\(edges)")
    }

    /// Sizes that are multiples of the reduction and sizes that are not; reduced 2, 4 and 8 times.
    static let photographs = [(512, 384), (515, 389), (387, 516), (321, 243), (1283, 961), (961, 1279)]

    @Test("a reduced picture produces almost the same input as at full size", arguments: photographs)
    func reduced(_ width: Int, _ height: Int) throws {
        let jpeg = try TestPictures.ramp(width: width, height: height).encoded(as: .jpeg, quality: 95)
        let image = try ReducedImage.decode(jpeg, forSide: 128)
        #expect(image.reduction > 1)
        let (input, whole) = try (Self.draw(image), Self.draw(ReducedImage(RGBImage.decode(jpeg))))
        #expect(input.count == whole.count)
        // Single pixels of a JPEG differ this much from the mean of many.
        #expect(zip(input, whole).allSatisfy { abs(Int($0) - Int($1)) <= 6 })
    }

    @Test("an edge in a reduced picture keeps its position", arguments: photographs, [0.15, 0.36, 0.5, 0.87])
    func edges(_ photograph: (Int, Int), _ position: Double) throws {
        let (width, height) = photograph
        let edge = (across: position * Double(width), down: position * Double(height))
        // The edge extends over four pixels of the input, so that the values on its slope locate it.
        let softness = Double(max(width, height)) / 32
        let picture = RGBImage(width: width, height: height) { pixels in
            for index in pixels.indices {
                let (x, y) = (Double(index / 3 % width) + 0.5, Double(index / 3 / width) + 0.5)
                let distance = (index % 3 == 0 ? x - edge.across : y - edge.down) / softness
                pixels.initializeElement(at: index, to: UInt8(128 + 128 * min(max(distance, -0.5), 0.5)))
            }
        }
        let image = try ReducedImage.decode(picture.encoded(as: .jpeg, quality: 100), forSide: 128)
        let letterbox = Letterbox(imageWidth: width, imageHeight: height, side: 128)
        let input = Self.draw(image)
        let (columns, rows) = (letterbox.scaledWidth, letterbox.scaledHeight)
        let first = 3 * (letterbox.padTop * letterbox.width + letterbox.padLeft)
        let (right, down) = (3, 3 * letterbox.width)
        let across = (0..<columns).map { Double(input[first + rows / 2 * down + $0 * right]) }
        let along = (0..<rows).map { Double(input[first + columns / 2 * right + $0 * down + 1]) }
        #expect(try abs(Self.crossing(of: 128, in: across) - position * Double(columns)) < 0.1)
        #expect(try abs(Self.crossing(of: 128, in: along) - position * Double(rows)) < 0.1)
    }

    /// Returns where rising values, each at the middle of its pixel, pass a level.
    private static func crossing(of level: Double, in values: [Double]) throws -> Double {
        let next = try #require(values.firstIndex { $0 >= level })
        try #require(next > 0)
        return Double(next) - 0.5 + (level - values[next - 1]) / (values[next] - values[next - 1])
    }

    private static func draw(_ image: ReducedImage) -> [UInt8] {
        let letterbox = Letterbox(imageWidth: image.width, imageHeight: image.height, side: 128)
        return [UInt8](unsafeUninitializedCapacity: letterbox.byteCount) { buffer, count in
            letterbox.draw(image, into: buffer)
            count = buffer.count
        }
    }

    @Test("a picture in a batch does not change its neighbours")
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

/// Gradients that wrap around, with noise: `picture` in `Tools/Goldens/letterbox_golden.py`.
func seededImage(width: Int, height: Int, seed: UInt32) -> RGBImage {
    RGBImage(width: width, height: height) { pixels in
        // Iterators and closures would take half a minute here in a debug build.
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
