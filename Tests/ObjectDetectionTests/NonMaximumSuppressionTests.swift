import ObjectDetection
import Testing

@Suite struct NonMaximumSuppressionTests {
    private static func detection(_ x: Float, score: Float, classID: Int = 0) -> Detection {
        Detection(box: BoundingBox(minX: x, minY: 0, maxX: x + 10, maxY: 10), score: score, classID: classID)
    }

    // Two boxes 2 apart have an IoU of 8 / 12, two boxes 5 apart one of 5 / 15.
    @Test("the weaker of two overlapping detections of a class is dropped") func suppression() {
        let candidates = [Self.detection(2, score: 0.5), Self.detection(0, score: 0.9), Self.detection(5, score: 0.7)]
        let kept = nonMaximumSuppression(candidates, iouThreshold: 0.45, maximumCount: 10)
        #expect(kept == [1, 2])
    }

    @Test("different classes suppress each other only if requested", arguments: [(false, 2), (true, 1)])
    func classes(isAgnostic: Bool, expectedCount: Int) {
        let candidates = [Self.detection(0, score: 0.9), Self.detection(0, score: 0.8, classID: 1)]
        let kept = nonMaximumSuppression(
            candidates,
            iouThreshold: 0.45,
            maximumCount: 10,
            classAgnostic: isAgnostic
        )
        #expect(kept.count == expectedCount)
        #expect(kept.first == 0)
    }

    @Test("an overlap equal to the threshold keeps both") func threshold() {
        let candidates = [Self.detection(0, score: 0.9), Self.detection(5, score: 0.8)]
        #expect(nonMaximumSuppression(candidates, iouThreshold: 5.0 / 15, maximumCount: 10).count == 2)
        #expect(nonMaximumSuppression(candidates, iouThreshold: 0.33, maximumCount: 10).count == 1)
    }

    @Test("the best are kept if there are too many, and equal scores keep their order") func maximum() {
        let candidates = (0..<6).map { Self.detection(Float($0) * 100, score: $0 < 3 ? 0.5 : 0.8) }
        let kept = nonMaximumSuppression(candidates, iouThreshold: 0.45, maximumCount: 4)
        #expect(kept == [3, 4, 5, 0])
    }

    @Test("without candidates, nothing is kept") func empty() {
        #expect(nonMaximumSuppression([], iouThreshold: 0.5, maximumCount: 10).isEmpty)
    }
}
