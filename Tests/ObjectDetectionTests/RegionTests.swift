import ObjectDetection
import Testing

@Suite struct RegionTests {
    private static func outline(_ points: [(Double, Double)]) -> [Region.Point] {
        points.map { Region.Point(x: $0.0, y: $0.1) }
    }

    private static let square = Region(outlines: [outline([(0, 0), (10, 0), (10, 10), (0, 10)])])
    /// A square with a square hole.
    private static let frame = Region(outlines: [
        outline([(0, 0), (10, 0), (10, 10), (0, 10)]), outline([(4, 4), (6, 4), (6, 6), (4, 6)]),
    ])
    /// Two triangles that touch in the middle of the square (0, 0) to (10, 10).
    private static let hourglass = Region(outlines: [outline([(0, 0), (10, 0), (0, 10), (10, 10)])])
    /// A five-pointed star in one stroke: its middle is gone around twice.
    private static let star = Region(outlines: [outline([(5, 0), (8, 10), (0, 4), (10, 4), (2, 10)])])
    private static let triangle = Region(outlines: [outline([(0, 0), (10, 0), (0, 10)])])

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
        #expect(Region(outlines: [Self.outline([(0, 0), (5, 5), (10, 10)])]).area == 0)
    }

    @Test("a transformed region is the region of the transformed outlines")
    func transformed() {
        let outlines = [Self.outline([(5, 0), (8, 10), (0, 4), (10, 4), (2, 10)])]
        let expected = Region(
            outlines: outlines.map { $0.map { Region.Point(x: $0.x * 3 + 1, y: $0.y * 2 - 4) } }
        )
        let found = Region(outlines: outlines).transformed(x: 3, y: 2, left: 1, top: -4)
        let box = BoundingBox(minX: 0, minY: 0, maxX: 20, maxY: 9)
        #expect(found.outlines == expected.outlines)
        #expect(abs(found.share(of: box) - expected.share(of: box)) < 1e-12)
    }

    @Test("runs are the pixels whose centres are in the region", arguments: [square, frame, hourglass, star, triangle])
    func runs(region: Region) {
        var painted: Set<[Int]> = []
        region.forEachRun(width: 8, height: 20) { row, columns in
            for column in columns { painted.insert([column, row]) }
        }
        let expected = (0..<20).flatMap { row in
            (0..<8).compactMap { column in
                region.contains(x: Double(column) + 0.5, y: Double(row) + 0.5) ? [column, row] : nil
            }
        }
        // Centres on an outline may go either way: those of the triangle's long side do.
        let isOnOutline = { (pixel: [Int]) in
            [Self.triangle, Self.hourglass].contains(region) && (pixel[0] + pixel[1] == 9 || pixel[0] == pixel[1])
        }
        #expect(painted.symmetricDifference(expected).filter { !isOnOutline($0) } == [])
        #expect(painted.allSatisfy { $0[0] < 8 && $0[1] < 10 })
    }
}
