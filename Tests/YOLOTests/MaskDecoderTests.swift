import Foundation
import Imaging
import Inference
import ObjectDetection
import TestSupport
import Testing
import YOLO

@Suite("Masks from prototypes")
struct MaskDecoderTests {
    @Test("masks match YOLOv5's process_mask_native pixel by pixel")
    func golden() throws {
        for object in try MaskGolden.load().objects {
            let (width, height) = (object.image[0], object.image[1])
            let expected = RunLengthMask(width: width, height: height, compressedCounts: object.counts)
            let none = RunLengthMask(width: width, height: height, counts: [width * height])
            let mask = object.mask(in: object.boundingBox)
            #expect(mask?.runLengths ?? none == expected, "object \(object.seed)")
        }
    }

    @Test("the region covers the pixels with indices inside the box")
    func region() throws {
        for object in try MaskGolden.load().objects {
            let box = object.boundingBox
            let columns = (0..<object.image[0]).filter { Float($0) >= box.minX && Float($0) < box.maxX }
            let rows = (0..<object.image[1]).filter { Float($0) >= box.minY && Float($0) < box.maxY }
            let mask = object.mask(in: box)
            #expect((mask == nil) == (columns.isEmpty || rows.isEmpty), "object \(object.seed)")
            if let mask {
                #expect(mask.x == columns[0] && mask.width == columns.count, "object \(object.seed)")
                #expect(mask.y == rows[0] && mask.height == rows.count, "object \(object.seed)")
            }
        }
    }

    @Test("a decoded mask equals a mask made from its pixels, and has no empty runs")
    func runs() throws {
        for object in try MaskGolden.load().objects {
            guard let mask = object.mask(in: object.boundingBox) else { continue }
            let made = Mask(
                imageWidth: mask.imageWidth,
                imageHeight: mask.imageHeight,
                x: mask.x,
                y: mask.y,
                width: mask.width,
                height: mask.height,
                pixels: mask.pixels
            )
            #expect(mask == made, "object \(object.seed)")
        }
    }

    @Test("the mask of a box is a crop of the mask of a larger box")
    func cropping() throws {
        for object in try MaskGolden.load().objects {
            let (width, height) = (Float(object.image[0]), Float(object.image[1]))
            guard let whole = object.mask(in: BoundingBox(minX: 0, minY: 0, maxX: width, maxY: height)) else {
                Issue.record("a box that covers the picture must have a mask")
                continue
            }
            let part = BoundingBox(minX: width * 0.3, minY: height * 0.2, maxX: width * 0.8, maxY: height * 0.7)
            guard let mask = object.mask(in: part) else { continue }
            let expected = (mask.y..<mask.y + mask.height).flatMap { y in
                (mask.x..<mask.x + mask.width).map { x in whole.pixels[y * whole.width + x] }
            }
            #expect(mask.pixels == expected, "object \(object.seed)")
        }
    }

    @Test(
        "a box without pixels has no mask",
        arguments: [
            (3, 3, 3, 9), (3.2, 3, 3.8, 9), (9, 3, 3, 9), (-9, -9, 0, 0), (64, 0, 90, 64),
            (.nan, 0, 9, 9), (0, 0, 9, .nan), (.infinity, 0, .infinity, 9),
        ] as [(Float, Float, Float, Float)]
    )
    func noPixels(minX: Float, minY: Float, maxX: Float, maxY: Float) throws {
        let object = try MaskGolden.load().objects[0]
        #expect(object.mask(in: BoundingBox(minX: minX, minY: minY, maxX: maxX, maxY: maxY)) == nil)
    }

    @Test("an unbounded box covers the picture for any coefficients", arguments: [Float.nan, .infinity, 1e38])
    func unusual(coefficient: Float) throws {
        let object = try MaskGolden.load().objects[0]
        let infinite = BoundingBox(minX: -.infinity, minY: -1e30, maxX: .infinity, maxY: 1e30)
        let coefficients = [Float](repeating: coefficient, count: object.prototypes[1])
        let mask = object.mask(in: infinite, coefficients: coefficients)
        #expect(mask?.width == object.image[0] && mask?.height == object.image[1])
    }

    /// A picture of 640x426 is drawn as 320x213 pixels, 5 pixels below the upper edge of 320x224.
    ///
    /// The middle of prototype 20 lies at 82 pixels of the input, which is row 154 of the picture.
    @Test("an exact mask lies where the picture was drawn")
    func exact() {
        let values: [Float] = (0..<56 * 80).map { Float($0 / 80) - 20 }
        let mask = values.withUnsafeBufferPointer { values in
            MaskDecoder(
                prototypes: OutputTensor(dimensions: [1, 1, 56, 80], values: values),
                letterbox: Letterbox(imageWidth: 640, imageHeight: 426, side: 320),
                isExact: true
            )
            .mask(in: BoundingBox(minX: 0, minY: 0, maxX: 640, maxY: 426), coefficients: [1])
        }
        #expect(mask?.polygons() == [[0, 154, 640, 154, 640, 426, 0, 426]])
    }

    /// Ten million pixels, of which the decoder computes only a few thousand.
    @Test("probabilities are interpolated to pictures of any size")
    func large() throws {
        let values: [Float] = (0..<64).map { $0 % 8 < 4 ? -1 : 1 }
        let mask = values.withUnsafeBufferPointer { values in
            MaskDecoder(
                prototypes: OutputTensor(dimensions: [1, 1, 8, 8], values: values),
                letterbox: Letterbox(imageWidth: 3200, imageHeight: 3200, side: 32)
            )
            .mask(in: BoundingBox(minX: 0, minY: 0, maxX: 3200, maxY: 3200), coefficients: [1])
        }
        // Prototypes change from -1 to 1 at the middle of the picture.
        #expect(mask?.area == 1600 * 3200)
        #expect(mask?.polygons() == [[1600, 0, 3200, 0, 3200, 3200, 1600, 3200]])
    }
}

/// Masks computed by YOLOv5, written by Tools/Goldens/mask_golden.py.
private struct MaskGolden: Decodable {
    struct Object: Decodable {
        var image: [Int]
        var side: Int
        var square: Bool
        var seed: Int
        var prototypes: [Int]
        var coefficients: [Float]
        var box: [Float]
        var counts: String
    }

    var objects: [Object]

    static func load() throws -> MaskGolden {
        try JSONDecoder().decode(MaskGolden.self, from: Data(contentsOf: URL(filePath: Fixtures.path("masks.json"))))
    }
}

extension MaskGolden.Object {
    var boundingBox: BoundingBox { BoundingBox(minX: box[0], minY: box[1], maxX: box[2], maxY: box[3]) }

    /// Noise, generated like the script's.
    var prototypeValues: [Float] {
        (0..<prototypes[1] * prototypes[2]).flatMap { y in
            (0..<prototypes[3]).map { x in
                var value = (UInt32(y) &* 65537 &+ UInt32(x) &+ UInt32(seed) &* 40503) &* 2_654_435_761
                value ^= value >> 15
                value = value &* 2_246_822_519
                value ^= value >> 13
                return Float(value >> 26) / 64 - 63 / 128
            }
        }
    }

    func mask(in box: BoundingBox, coefficients: [Float]? = nil) -> Mask? {
        let letterbox = Letterbox(
            imageWidth: image[0],
            imageHeight: image[1],
            side: side,
            shape: square ? .square : .rectangular
        )
        return prototypeValues.withUnsafeBufferPointer { values in
            MaskDecoder(prototypes: OutputTensor(dimensions: prototypes, values: values), letterbox: letterbox)
                .mask(in: box, coefficients: coefficients ?? self.coefficients)
        }
    }
}
