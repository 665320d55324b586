import ObjectDetection
import Testing

@Suite struct GreedyMergingTests {
    private static func detection(
        _ x: Float,
        _ y: Float,
        _ right: Float,
        _ bottom: Float,
        _ score: Float,
        classID: Int = 0
    ) -> Detection {
        Detection(box: BoundingBox(minX: x, minY: y, maxX: right, maxY: bottom), score: score, classID: classID)
    }

    @Test("the intersection over the smaller area is 1 for a box inside another")
    func overlap() {
        let large = BoundingBox(minX: 0, minY: 0, maxX: 10, maxY: 10)
        let cases: [(BoundingBox, Float)] = [
            (BoundingBox(minX: 2, minY: 2, maxX: 4, maxY: 4), 1),
            (BoundingBox(minX: 8, minY: 0, maxX: 12, maxY: 10), 0.5),
            (BoundingBox(minX: 10, minY: 0, maxX: 20, maxY: 10), 0),
            (BoundingBox(minX: 5, minY: 5, maxX: 5, maxY: 9), 0),
        ]
        for (box, expected) in cases {
            #expect(large.intersectionOverSmaller(with: box) == expected)
            #expect(box.intersectionOverSmaller(with: large) == expected)
        }
    }

    // The expected values are those of sahi 0.12.8, GREEDYNMM with IOS 0.5, of each class.
    @Test("detections of one object become one with the box around all, and the best score")
    func merging() throws {
        let merged = try greedyMerging([
            Self.detection(0, 0, 60, 100, 0.8),
            // Its other half, from the next slice.
            Self.detection(50, 0, 100, 100, 0.6),
            // Overlaps the first by more than half of its own area.
            Self.detection(20, 0, 100, 100, 0.7),
            // Of another class.
            Self.detection(0, 0, 60, 100, 0.5, classID: 1),
            Self.detection(200, 200, 210, 210, 0.9),
        ])
        let expected = [
            Self.detection(200, 200, 210, 210, 0.9), Self.detection(0, 0, 100, 100, 0.8),
            Self.detection(50, 0, 100, 100, 0.6), Self.detection(0, 0, 60, 100, 0.5, classID: 1),
        ]
        #expect(merged == expected)
        #expect(try greedyMerging([]).isEmpty)
    }

    @Test("classes are joined only if that is asked for")
    func agnostic() throws {
        let detections = [Self.detection(0, 0, 10, 10, 0.8), Self.detection(1, 0, 11, 10, 0.7, classID: 1)]
        #expect(try greedyMerging(detections).count == 2)
        #expect(try greedyMerging(detections, classAgnostic: true) == [Self.detection(0, 0, 11, 10, 0.8)])
    }

    @Test("the best of many detections are kept")
    func cutting() {
        let detections = (0..<10).map { Self.detection(0, 0, 1, 1, Float($0) / 10) }
        #expect(Set(best(3, of: detections).map(\.score)) == [0.9, 0.8, 0.7])
        #expect(best(10, of: detections) == detections)
    }

    @Test("masks are joined, and placed in the picture")
    func masks() throws {
        let part = Mask(imageWidth: 4, imageHeight: 3, x: 1, y: 0, width: 2, height: 2, pixels: [1, 1, 0, 1])
        let placed = part.placed(left: 5, top: 6, imageWidth: 20, imageHeight: 10)
        #expect([placed.x, placed.y, placed.imageWidth, placed.imageHeight] == [6, 6, 20, 10])
        #expect(placed.pixels == [1, 1, 0, 1])
        let other = Mask(
            imageWidth: 20,
            imageHeight: 10,
            x: 7,
            y: 5,
            width: 3,
            height: 2,
            pixels: [1, 0, 1, 0, 1, 1]
        )
        for union in [placed.union(with: other), other.union(with: placed)] {
            #expect([union.x, union.y, union.width, union.height] == [6, 5, 4, 3])
            #expect(union.pixels == [0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 0])
            #expect(union.area == 7)
        }
        var first = Self.detection(0, 0, 10, 10, 0.8)
        var second = Self.detection(1, 0, 11, 10, 0.7)
        (first.mask, second.mask) = (placed, other)
        #expect(try greedyMerging([second, first]).first?.mask == placed.union(with: other))
    }
}
