import Foundation
import ObjectDetection
import Testing

@Suite struct RegionTests {
    private static func outline(_ points: [(Double, Double)]) -> [Region.Point] {
        points.map { Region.Point(x: $0.0, y: $0.1) }
    }

    private static func region(_ outlines: [[Region.Point]]) -> Region {
        guard let region = Region(outlines: outlines) else { preconditionFailure("the outlines hardly cross") }
        return region
    }

    private static let square = region([outline([(0, 0), (10, 0), (10, 10), (0, 10)])])
    /// A square with a square hole.
    private static let frame = region([
        outline([(0, 0), (10, 0), (10, 10), (0, 10)]), outline([(4, 4), (6, 4), (6, 6), (4, 6)]),
    ])
    /// Two triangles that touch in the middle of the square (0, 0) to (10, 10).
    private static let hourglass = region([outline([(0, 0), (10, 0), (0, 10), (10, 10)])])
    /// A five-pointed star in one stroke: its middle is gone around twice.
    private static let star = region([outline([(5, 0), (8, 10), (0, 4), (10, 4), (2, 10)])])
    private static let triangle = region([outline([(0, 0), (10, 0), (0, 10)])])

    @Test(
        "points inside and on outlines are in a region, those in holes and outside are not",
        arguments: [
            (square, 5, 5, true), (square, 0, 0, true), (square, 10, 5, true), (square, 5, 10, true),
            (square, 10.001, 5, false), (square, -1, 5, false), (square, 5, -0.001, false),
            // In line with an edge, but beyond it.
            (square, 11, 0, false), (square, -1, 10, false),
            (frame, 1, 1, true), (frame, 5, 5, false), (frame, 4, 5, true), (frame, 6, 6, true),
            (hourglass, 5, 2, true), (hourglass, 5, 8, true), (hourglass, 1, 5, false), (hourglass, 5, 5, true),
            (star, 5, 2, true), (star, 5, 5, false), (star, 1, 1, false),
            (triangle, 4, 6, true), (triangle, 5, 6, false), (triangle, 5, 5, true),
        ] as [(Region, Double, Double, Bool)]
    )
    func contains(region: Region, x: Double, y: Double, expected: Bool) {
        #expect(region.contains(x: x, y: y) == expected)
    }

    @Test(
        "the share of a box is its area in the region over its area",
        arguments: [
            (square, BoundingBox(minX: 2, minY: 2, maxX: 4, maxY: 4), 1),
            (square, BoundingBox(minX: -5, minY: 0, maxX: 5, maxY: 10), 0.5),
            (square, BoundingBox(minX: 20, minY: 0, maxX: 30, maxY: 10), 0),
            (square, BoundingBox(minX: -10, minY: -10, maxX: 20, maxY: 20), 1.0 / 9),
            (frame, BoundingBox(minX: 0, minY: 0, maxX: 10, maxY: 10), 0.96),
            (frame, BoundingBox(minX: 4, minY: 4, maxX: 6, maxY: 6), 0),
            (frame, BoundingBox(minX: 3, minY: 5, maxX: 5, maxY: 6), 0.5),
            (hourglass, BoundingBox(minX: 0, minY: 0, maxX: 10, maxY: 10), 0.5),
            (hourglass, BoundingBox(minX: 0, minY: 0, maxX: 5, maxY: 10), 0.5),
            (triangle, BoundingBox(minX: 0, minY: 0, maxX: 10, maxY: 10), 0.5),
            (triangle, BoundingBox(minX: 0, minY: 0, maxX: 5, maxY: 5), 1),
            (triangle, BoundingBox(minX: 4, minY: 4, maxX: 8, maxY: 8), 2.0 / 16),
            // Without an area.
            (square, BoundingBox(minX: 2, minY: 2, maxX: 2, maxY: 4), 0),
        ] as [(Region, BoundingBox, Double)]
    )
    func share(region: Region, box: BoundingBox, expected: Double) {
        #expect(abs(region.share(of: box) - expected) < 1e-12)
    }

    @Test("the area is that of the parts that are in the region")
    func area() {
        #expect(Self.square.area == 100)
        #expect(Self.frame.area == 96)
        #expect(abs(Self.hourglass.area - 50) < 1e-12)
        #expect(Self.region([Self.outline([(0, 0), (5, 5), (10, 10)])]).area == 0)
    }

    @Test("a region can be scaled and moved")
    func transformed() {
        let found = Self.square.transformed(x: 3, y: 2, left: 1, top: -4)
        #expect(found.outlines == [Self.outline([(1, -4), (31, -4), (31, 16), (1, 16)])])
        #expect(found.area == 600)
        #expect(abs(found.share(of: BoundingBox(minX: 0, minY: 0, maxX: 20, maxY: 9)) - 0.95) < 1e-12)
        #expect(found.contains(x: 31, y: 16) && !found.contains(x: 0.5, y: 0))
        // Crossings move along: half of the square is in the hourglass.
        let moved = Self.hourglass.transformed(x: 2, y: 2, left: 100, top: 50)
        #expect(abs(moved.share(of: BoundingBox(minX: 100, minY: 50, maxX: 120, maxY: 70)) - 0.5) < 1e-12)
    }

    @Test("an outline that crosses itself very often is not a region")
    func crossings() {
        func star(_ count: Int, _ step: Int) -> [Region.Point] {
            (0..<count).map { index in
                let angle = 2 * Double.pi * Double(step * index) / Double(count)
                return Region.Point(x: cos(angle), y: sin(angle))
            }
        }
        #expect(Region(outlines: [star(99, 2)]) != nil)
        #expect(Region(outlines: [star(99, 49)]) == nil)
    }

    @Test(
        "runs are the pixels whose centres are in the region",
        arguments: [
            (square, ["######", "######", "######"], 6, 3),
            (
                region([outline([(1, 1), (5, 1), (5, 4), (1, 4)])]),
                ["......", ".####.", ".####.", ".####.", "......"], 6, 5
            ),
            // Not on whole pixels.
            (
                region([outline([(0.6, 1.4), (4.4, 1.4), (4.4, 2.6), (0.6, 2.6)])]),
                [".....", ".###.", ".###.", "....."], 5, 4
            ),
            (region([outline([(0, 0), (4.2, 0), (0, 4.2)])]), ["####.", "###..", "##...", "#....", "....."], 5, 5),
            (frame, ["######", "######", "######", "######", "####..", "####..", "######"], 6, 7),
            // Partly and completely beyond the edges.
            (region([outline([(-9, -9), (2, -9), (2, 2), (-9, 2)])]), ["##..", "##..", "...."], 4, 3),
            (region([outline([(9, 9), (12, 9), (12, 12), (9, 12)])]), ["....", "...."], 4, 2),
        ] as [(Region, [String], Int, Int)]
    )
    func runs(region: Region, expected: [String], width: Int, height: Int) {
        var rows = [[Character]](repeating: [Character](repeating: ".", count: width), count: height)
        region.forEachRun(width: width, height: height) { row, columns in
            for column in columns { rows[row][column] = "#" }
        }
        #expect(rows.map { String($0) } == expected)
    }
}
