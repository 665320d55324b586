import ObjectDetection
import Testing

@Suite struct BoundingBoxTests {
    private static let unit = BoundingBox(minX: 0, minY: 0, maxX: 2, maxY: 2)

    @Test(
        "intersection over union is the area of the intersection divided by that of the union",
        arguments: [
            (BoundingBox(minX: 0, minY: 0, maxX: 2, maxY: 2), 1),
            (BoundingBox(minX: 1, minY: 0, maxX: 3, maxY: 2), 0.33333334),
            (BoundingBox(minX: 1, minY: 1, maxX: 3, maxY: 3), 0.14285715),
            (BoundingBox(minX: 0, minY: 0, maxX: 1, maxY: 1), 0.25),
            (BoundingBox(minX: 2, minY: 0, maxX: 4, maxY: 2), 0),
            (BoundingBox(minX: 5, minY: 5, maxX: 6, maxY: 6), 0),
            (BoundingBox(minX: 1, minY: 1, maxX: 1, maxY: 1), 0),
        ] as [(BoundingBox, Float)]
    ) func overlap(other: BoundingBox, expected: Float) {
        #expect(abs(Self.unit.intersectionOverUnion(with: other) - expected) < 1e-6)
        #expect(other.intersectionOverUnion(with: Self.unit) == Self.unit.intersectionOverUnion(with: other))
    }

    @Test("a box made from its centre has that centre and size") func center() {
        let box = BoundingBox(centerX: 10, centerY: 20, width: 4, height: 6)
        #expect(box == BoundingBox(minX: 8, minY: 17, maxX: 12, maxY: 23))
        #expect(box.width == 4 && box.height == 6 && box.area == 24)
    }

    @Test("clipping keeps the part inside the picture") func clipping() {
        let box = BoundingBox(minX: -3, minY: 5, maxX: 700, maxY: 500)
        #expect(box.clipped(toWidth: 640, height: 480) == BoundingBox(minX: 0, minY: 5, maxX: 640, maxY: 480))
    }
}
