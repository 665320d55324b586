import Foundation
import ObjectDetection
import TestSupport
import Testing

@Suite("Masks")
struct MaskTests {
    private static let shapes = Result { try MaskGolden.load().shapes }

    @Test("a mask returns the pixels that it was created from")
    func pixels() throws {
        for shape in try Self.shapes.get() {
            let mask = shape.mask
            #expect(mask.pixels == shape.pixels, "\(shape)")
            #expect(mask.area == shape.pixels.count { $0 == 1 }, "\(shape)")
        }
        let mask = Mask(imageWidth: 4, imageHeight: 3, x: 1, y: 1, width: 3, height: 1, pixels: [255, 0, 7])
        #expect(mask.pixels == [1, 0, 1])
    }

    @Test("masks with the same pixels of the same picture are equal")
    func equality() {
        func mask(_ pixels: [UInt8]) -> Mask {
            Mask(imageWidth: 9, imageHeight: 9, x: 2, y: 3, width: 3, height: 2, pixels: pixels)
        }
        #expect(mask([0, 1, 1, 1, 0, 0]) == mask([0, 1, 1, 1, 0, 0]))
        #expect(mask([0, 1, 1, 1, 0, 0]) != mask([0, 1, 1, 0, 1, 0]))
        #expect(mask([0, 1, 1, 0, 0, 0]) != mask([0, 0, 0, 0, 1, 1]))
    }

    @Test("run lengths match pycocotools")
    func runLengths() throws {
        for shape in try Self.shapes.get() {
            #expect(shape.mask.runLengths.compressedCounts == shape.counts, "\(shape)")
        }
    }

    @Test("an object that continues from the bottom of a column to the top of the next is one run")
    func runAcrossColumns() {
        let mask = Mask(imageWidth: 4, imageHeight: 3, x: 1, y: 0, width: 2, height: 3, pixels: [0, 1, 1, 1, 1, 0])
        #expect(mask.runLengths.counts == [4, 4, 4])
        let whole = Mask(imageWidth: 2, imageHeight: 2, x: 0, y: 0, width: 2, height: 2, pixels: [1, 1, 1, 1])
        #expect(whole.runLengths.counts == [0, 4])
        let empty = Mask(imageWidth: 2, imageHeight: 2, x: 1, y: 1, width: 0, height: 0, pixels: [])
        #expect(empty.runLengths.counts == [4])
    }

    @Test("the number of polygons equals the number of parts counted by OpenCV")
    func parts() throws {
        for shape in try Self.shapes.get() {
            #expect(shape.mask.polygons().count == shape.parts, "\(shape)")
        }
    }

    /// A hole adds its own corners, its first corner again, and the end of the cut on the part's outline, twice.
    @Test("holes are joined to their parts")
    func holes() throws {
        for shape in try Self.shapes.get() {
            let ends = shape.mask.polygons().map { polygon in
                let points = Set(polygon.points)
                return polygon.points.count - points.count
            }
            #expect(ends.reduce(0, +) >= shape.holes, "\(shape)")
            if shape.holes == 0 {
                // Without holes, points repeat only where two corners of a part touch.
                #expect(shape.mask.polygons().allSatisfy { $0.points.isWithoutCuts }, "\(shape)")
            }
        }
    }

    @Test("polygons filled by the even-odd rule reproduce the mask")
    func evenOdd() throws {
        for shape in try Self.shapes.get() {
            let mask = shape.mask
            let filled = fill(mask.polygons(), width: mask.imageWidth, height: mask.imageHeight)
            #expect(filled == shape.picture, "\(shape)")
        }
    }

    /// `RunLengthMask` fills polygons as pycocotools does, which its own tests verify.
    @Test("polygons filled as in COCO reproduce the mask")
    func cocoFill() throws {
        for shape in try Self.shapes.get() {
            let mask = shape.mask
            let filled = RunLengthMask(
                width: mask.imageWidth,
                height: mask.imageHeight,
                polygons: mask.polygons()
            )
            #expect(filled == mask.runLengths, "\(shape)")
        }
    }

    @Test(
        "outlines follow pixel edges",
        arguments: [
            (["#"], [[3, 4, 4, 4, 4, 5, 3, 5]]),
            (["##", "##"], [[3, 4, 5, 4, 5, 6, 3, 6]]),
            (["#.", "##"], [[3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 3, 6]]),
            // Pixels that touch at a corner are two parts.
            (["#.", ".#"], [[3, 4, 4, 4, 4, 5, 3, 5], [4, 5, 5, 5, 5, 6, 4, 6]]),
            ([".#", "#."], [[4, 4, 5, 4, 5, 5, 4, 5], [3, 5, 4, 5, 4, 6, 3, 6]]),
            // A hole, joined by a cut from (3, 5) to (4, 5).
            (
                ["###", "#.#", "###"],
                [[3, 4, 6, 4, 6, 7, 3, 7, 3, 5, 4, 5, 4, 6, 5, 6, 5, 5, 4, 5, 3, 5]]
            ),
            // Two holes that touch at a corner are one.
            (
                ["####", "#.##", "##.#", "####"],
                [[3, 4, 7, 4, 7, 8, 3, 8, 3, 5, 4, 5, 4, 6, 5, 6, 5, 7, 6, 7, 6, 6, 5, 6, 5, 5, 4, 5, 3, 5]]
            ),
            // A hole joined to a hole.
            (
                ["#####", "#.#.#", "#####"],
                [
                    [
                        3, 4, 8, 4, 8, 7, 3, 7, 3, 5, 4, 5, 4, 6, 5, 6, 5, 5, 6, 5, 6, 6, 7, 6, 7, 5, 6, 5, 5, 5, 4, 5,
                        3, 5,
                    ]
                ]
            ),
            (["..", ".."], []),
        ] as [([String], [[Double]])]
    )
    func outlines(rows: [String], expected: [[Double]]) {
        #expect(Mask(rows, x: 3, y: 4).polygons() == expected)
    }

    @Test("the exact outline is nowhere farther from the simplified one than the tolerance", arguments: [0.5, 1, 2.5])
    func tolerance(_ tolerance: Double) throws {
        for shape in try Self.shapes.get() where shape.block > 1 {
            let exact = shape.mask.polygons()
            let simplified = shape.mask.polygons(tolerance: tolerance)
            #expect(simplified.joined().count <= exact.joined().count)
            // Only small parts may vanish. Of all others, every corner is near a line.
            let lines = simplified.flatMap { $0.points.lines }
            for polygon in exact where polygon.bounds.width > 4 * tolerance && polygon.bounds.height > 4 * tolerance {
                let isHoleFree = polygon.points.isWithoutCuts
                for point in polygon.points where isHoleFree {
                    let nearest = lines.map { point.distance(to: $0) }.min() ?? .infinity
                    #expect(nearest <= tolerance + 1e-9, "\(point) of \(shape)")
                }
            }
        }
    }

    @Test("stairs become a slope, and parts and holes as small as the tolerance vanish")
    func simplification() {
        let stairs = Mask(["#...", "##..", "###.", "####"], x: 0, y: 0)
        #expect(stairs.polygons().map(\.count) == [20])
        // Each step is half a diagonal (0.707) off the line from (0, 0) to (4, 4) and at most 0.6 off that from (1, 0).
        #expect(stairs.polygons(tolerance: 0.71) == [[0, 0, 4, 4, 0, 4]])
        #expect(stairs.polygons(tolerance: 0.7) == [[0, 0, 1, 0, 4, 4, 0, 4]])
        #expect(Mask(["#"], x: 3, y: 4).polygons(tolerance: 1).isEmpty)

        let pierced = Mask(["######", "######", "##.###", "######", "######", "######"], x: 0, y: 0)
        #expect(pierced.polygons().map(\.count) == [22])
        #expect(pierced.polygons(tolerance: 1) == [[0, 0, 6, 0, 6, 6, 0, 6]])
        #expect(pierced.polygons(tolerance: .infinity).isEmpty)
        for tolerance in [0, -1, .nan] {
            #expect(pierced.polygons(tolerance: tolerance) == pierced.polygons())
        }
    }

    @Test("a hole stays joined if the hole between it and the part vanishes")
    func joinedHoles() {
        let rows = ["########", "#.#....#", "###....#", "###....#", "###....#", "########"]
        let simplified = Mask(rows, x: 0, y: 0).polygons(tolerance: 1)
        #expect(simplified.count == 1)
        let filled = fill(simplified, width: 8, height: 6)
        for (x, y, isObject) in [(0, 0, true), (4, 2, false), (5, 4, false), (1, 3, true), (7, 5, true)] {
            #expect(filled[y * 8 + x] == (isObject ? 1 : 0), "\(x), \(y)")
        }
    }

    /// Contains chains of thousands of holes: an algorithm of quadratic time would take minutes.
    @Test("1000 x 1000 pixels of noise are traced without quadratic time", .timeLimit(.minutes(1)))
    func noise() {
        for share in [128, 160, 224] {
            let shape = MaskGolden.Shape(size: 1000, share: share)
            let polygons = shape.mask.polygons()
            let filled = RunLengthMask(width: 1000, height: 1000, polygons: polygons)
            #expect(filled == shape.mask.runLengths, "\(share)")
        }
    }

    /// Fills polygons by the even-odd rule, sampled at pixel centres.
    private func fill(_ polygons: [[Double]], width: Int, height: Int) -> [UInt8] {
        var filled = [UInt8](repeating: 0, count: width * height)
        for (start, end) in polygons.flatMap(\.points.lines) where start.y != end.y {
            for y in 0..<height {
                let center = Double(y) + 0.5
                guard (start.y <= center) != (end.y <= center) else { continue }
                let crossing = start.x + (center - start.y) / (end.y - start.y) * (end.x - start.x)
                for x in 0..<width where Double(x) + 0.5 < crossing { filled[y * width + x] ^= 1 }
            }
        }
        return filled
    }
}

/// Reference results of pycocotools and OpenCV, written by `Tools/Goldens/mask_golden.py`.
private struct MaskGolden: Decodable {
    struct Shape: Decodable, CustomStringConvertible {
        var image: [Int]
        var region: [Int]
        var block: Int
        var share: Int
        var seed: Int
        var counts: String
        var parts: Int
        var holes: Int

        var description: String { "shape \(seed)" }
    }

    var shapes: [Shape]

    static func load() throws -> MaskGolden {
        try JSONDecoder().decode(MaskGolden.self, from: Data(contentsOf: Fixtures.url("masks.json")))
    }
}

extension MaskGolden.Shape {
    /// Noise that fills its picture, without reference results.
    fileprivate init(size: Int, share: Int) {
        self.init(
            image: [size, size],
            region: [0, 0, size, size],
            block: 1,
            share: share,
            seed: 99,
            counts: "",
            parts: 0,
            holes: 0
        )
    }

    /// Pixels of the region: blocks of noise, generated as in the script.
    var pixels: [UInt8] {
        (0..<region[3]).flatMap { y in
            (0..<region[2]).map { x -> UInt8 in
                let place = UInt32(y / block) &* 65537 &+ UInt32(x / block) &+ UInt32(seed) &* 40503
                var value = place &* 2_654_435_761
                value ^= value >> 15
                value = value &* 2_246_822_519
                value ^= value >> 13
                return value >> 24 < share ? 1 : 0
            }
        }
    }

    var mask: Mask {
        Mask(
            imageWidth: image[0],
            imageHeight: image[1],
            x: region[0],
            y: region[1],
            width: region[2],
            height: region[3],
            pixels: pixels
        )
    }

    /// Pixels of the full picture.
    var picture: [UInt8] {
        var picture = [UInt8](repeating: 0, count: image[0] * image[1])
        for (index, pixel) in pixels.enumerated() {
            let (row, column) = index.quotientAndRemainder(dividingBy: region[2])
            picture[(region[1] + row) * image[0] + region[0] + column] = pixel
        }
        return picture
    }
}

extension Mask {
    /// Creates a mask inside a larger picture from rows of `#` (object) and `.` (background).
    fileprivate init(_ rows: [String], x: Int, y: Int) {
        self.init(
            imageWidth: x + rows[0].count + 2,
            imageHeight: y + rows.count + 2,
            x: x,
            y: y,
            width: rows[0].count,
            height: rows.count,
            pixels: rows.joined().map { $0 == "#" ? 1 : 0 }
        )
    }
}

private struct Point: Hashable {
    var x: Double
    var y: Double

    func distance(to line: (start: Point, end: Point)) -> Double {
        let (dx, dy) = (line.end.x - line.start.x, line.end.y - line.start.y)
        let length = dx * dx + dy * dy
        let along = length > 0 ? min(max(((x - line.start.x) * dx + (y - line.start.y) * dy) / length, 0), 1) : 0
        let (awayX, awayY) = (x - line.start.x - along * dx, y - line.start.y - along * dy)
        return (awayX * awayX + awayY * awayY).squareRoot()
    }
}

extension [Double] {
    fileprivate var points: [Point] {
        stride(from: 0, to: count, by: 2).map { Point(x: self[$0], y: self[$0 + 1]) }
    }

    fileprivate var bounds: (width: Double, height: Double) {
        let (x, y) = (points.map(\.x), points.map(\.y))
        return ((x.max() ?? 0) - (x.min() ?? 0), (y.max() ?? 0) - (y.min() ?? 0))
    }
}

extension [Point] {
    fileprivate var lines: [(start: Point, end: Point)] {
        indices.map { (self[$0], self[($0 + 1) % count]) }
    }

    /// Whether no line is traversed in both directions.
    fileprivate var isWithoutCuts: Bool {
        let steps = Set(lines.map { [$0.start, $0.end] })
        return lines.allSatisfy { !steps.contains([$0.end, $0.start]) }
    }
}
