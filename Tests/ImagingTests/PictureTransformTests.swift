import Imaging
import Testing

@Suite struct PictureTransformTests {
    /// Six pixels, all different: `0 1 2 / 3 4 5`.
    private static let image = TestPictures.image([[0, 1, 2], [3, 4, 5]])

    @Test(
        "each step moves the pixels as documented",
        arguments: [
            (PictureTransform(crop: .init(x: 1, y: 0, width: 2, height: 2)), [[1, 2], [4, 5]]),
            (PictureTransform(crop: .init(x: 2, y: 1, width: 1, height: 1)), [[5]]),
            (PictureTransform(rotation: .quarter), [[3, 0], [4, 1], [5, 2]]),
            (PictureTransform(rotation: .half), [[5, 4, 3], [2, 1, 0]]),
            (PictureTransform(rotation: .threeQuarters), [[2, 5], [1, 4], [0, 3]]),
            (PictureTransform(flip: .horizontal), [[2, 1, 0], [5, 4, 3]]),
            (PictureTransform(flip: .vertical), [[3, 4, 5], [0, 1, 2]]),
            // The order: the crop applies to the original, the flip comes after the rotation.
            (
                PictureTransform(crop: .init(x: 0, y: 0, width: 2, height: 2), rotation: .quarter, flip: .horizontal),
                [[0, 3], [1, 4]]
            ),
        ] as [(PictureTransform, [[UInt32]])]
    )
    func steps(_ transform: PictureTransform, _ expected: [[UInt32]]) throws {
        #expect(try transform.apply(to: Self.image).rows == expected)
    }

    @Test("the identity returns the same picture, not a copy")
    func identity() throws {
        #expect(try PictureTransform().apply(to: Self.image) === Self.image)
        #expect(PictureTransform().isIdentity)
        #expect(!PictureTransform(grayscale: true).isIdentity)
    }

    @Test(
        "a side is scaled and rounded to at least one pixel",
        arguments: [
            (640, 480, 0.5, 320, 240), (641, 479, 0.5, 321, 240), (3, 2, 0.25, 1, 1), (1, 1, 0.25, 1, 1),
            (10, 1000, 0.3, 3, 300), (427, 640, 0.75, 320, 480), (1001, 7, 0.999, 1000, 7),
        ]
    )
    func scaledSize(_ width: Int, _ height: Int, _ factor: Double, _ newWidth: Int, _ newHeight: Int) throws {
        let image = TestPictures.ramp(width: width, height: height)
        let scaled = try PictureTransform(scalingFactor: factor).apply(to: image)
        #expect((scaled.width, scaled.height) == (newWidth, newHeight))
    }

    @Test("scaling preserves the content")
    func scaledContent() throws {
        let flat = RGBImage(width: 100, height: 80) { $0.initialize(repeating: 77) }
        #expect(try PictureTransform(scalingFactor: 0.37).apply(to: flat).bytes.allSatisfy { $0 == 77 })
        let ramp = TestPictures.ramp(width: 201, height: 201)
        let half = try PictureTransform(scalingFactor: 0.5).apply(to: ramp)
        for (x, y) in [(20, 30), (50, 50), (80, 10)] {
            // A scaled ramp is the same ramp, up to rounding and half a pixel.
            #expect(abs(Int(half.pixel(x, y) >> 16) - (2 * x) * 255 / 200) <= 3)
            #expect(abs(Int(half.pixel(x, y) >> 8 & 255) - (2 * y) * 255 / 200) <= 3)
        }
    }

    @Test("grey has three equal channels, and keeps the order of luminance")
    func grayscale() throws {
        let colors = TestPictures.image([[0x000000, 0x0000FF, 0xFF0000, 0x00FF00, 0xFFFFFF]])
        let row = try PictureTransform(grayscale: true).apply(to: colors).rows[0]
        for pixel in row { #expect(pixel == (pixel & 255) * 0x010101) }
        #expect(row.sorted() == row)
        #expect(row.first == 0)
        #expect(row.last == 0xFFFFFF)
    }

    @Test(
        "a crop outside the picture is rejected with the size of the picture",
        arguments: [
            PictureTransform.Crop(x: 0, y: 0, width: 4, height: 1),
            .init(x: 0, y: 0, width: 1, height: 3),
            .init(x: 3, y: 0, width: 1, height: 1),
            .init(x: -1, y: 0, width: 1, height: 1),
            .init(x: 0, y: 0, width: 0, height: 1),
            .init(x: 0, y: 0, width: 1, height: -1),
            .init(x: .max, y: .max, width: .max, height: .max),
            .init(x: .min, y: 0, width: 1, height: 1),
        ]
    )
    func cropOutside(_ crop: PictureTransform.Crop) {
        let error = #expect(throws: ImageError.self) { try PictureTransform(crop: crop).apply(to: Self.image) }
        #expect(error?.code == .invalidTransform)
        #expect(error?.message.contains("3x2") == true)
    }

    @Test("a scaling factor out of range is rejected", arguments: [0, 0.2499, 1.0001, -1, .nan, .infinity])
    func scaleOutOfRange(_ factor: Double) {
        let error = #expect(throws: ImageError.self) {
            try PictureTransform(scalingFactor: factor).apply(to: Self.image)
        }
        #expect(error?.code == .invalidTransform)
    }
}
