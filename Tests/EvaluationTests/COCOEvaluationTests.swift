import Evaluation
import ObjectDetection
import Testing

@Suite struct COCOEvaluationTests {
    private static func goldenResult(
        _ kind: COCOEvaluation.Kind,
        order: (Int, Int) -> Bool = (<)
    ) throws -> COCOResult {
        var evaluation = try COCOEvaluation(groundTruth: GroundTruth(annotationFile: Golden.path), kind: kind)
        for (imageID, detections) in try Golden.load().detectionsByImage().sorted(by: { order($0.key, $1.key) }) {
            try evaluation.add(detections, imageID: imageID)
        }
        return evaluation.result()
    }

    private static func result(
        _ groundTruth: GroundTruth,
        _ detections: [Int: [COCODetection]]
    ) throws -> COCOResult {
        var evaluation = try COCOEvaluation(groundTruth: groundTruth, kind: .boxes)
        for (imageID, detections) in detections {
            try evaluation.add(detections, imageID: imageID)
        }
        return evaluation.result()
    }

    @Test("the twelve figures match pycocotools", arguments: COCOEvaluation.Kind.allCases)
    func figures(kind: COCOEvaluation.Kind) throws {
        let result = try Self.goldenResult(kind)
        let expected = try Golden.load().expectation(kind)
        #expect(expected.figures.count == 12 && result.figures.count == 12)
        for (figure, value) in zip(result.figures, expected.figures) {
            #expect(abs((figure.value ?? -1) - value) < 1e-12, "\(figure.name)")
        }
    }

    @Test("the figures of each class match pycocotools", arguments: COCOEvaluation.Kind.allCases)
    func categories(kind: COCOEvaluation.Kind) throws {
        let result = try Self.goldenResult(kind)
        let expected = try Golden.load().expectation(kind)
        #expect(result.categories.map(\.name) == ["person", "car", "cat", "dog", "unicorn", "toothbrush"])
        for (index, category) in result.categories.enumerated() {
            #expect(abs((category.averagePrecision ?? -1) - expected.ap[index]) < 1e-12, "\(category.name)")
            #expect(abs((category.averagePrecision50 ?? -1) - expected.ap50[index]) < 1e-12, "\(category.name)")
        }
        #expect(result.categories[4].averagePrecision == nil && result.categories[4].objectCount == 0)
    }

    @Test("the summary is identical to that of pycocotools", arguments: COCOEvaluation.Kind.allCases)
    func summary(kind: COCOEvaluation.Kind) throws {
        #expect(try Self.goldenResult(kind).summary == Golden.load().expectation(kind).summary)
    }

    @Test("the order of pictures does not matter") func order() throws {
        #expect(try Self.goldenResult(.boxes, order: >) == Self.goldenResult(.boxes))
    }

    // 10 x 10 boxes that are 2 apart have an IoU of 8 / 12, which reaches four of the ten thresholds.
    @Test(
        "a detection counts at the thresholds that its overlap reaches",
        arguments: [(0, 1, 1), (2, 0.4, 1), (3, 0.1, 1), (4, 0, 0), (10, 0, 0)]
    )
    func thresholds(shift: Double, averagePrecision: Double, averagePrecision50: Double) throws {
        let truth = GroundTruth.sample([[.box([20, 20, 10, 10])]])
        let result = try Self.result(truth, [1: [.box([20 + shift, 20, 10, 10])]])
        #expect(abs(try #require(result.averagePrecision) - averagePrecision) < 1e-12)
        #expect(result.averagePrecision50 == averagePrecision50)
    }

    @Test("an overlap equal to the threshold is a match") func equalOverlap() throws {
        let truth = GroundTruth.sample([[.box([0, 0, 10, 10])]])
        let result = try Self.result(truth, [1: [.box([0, 0, 10, 5])]])
        #expect(result.averagePrecision50 == 1)
    }

    @Test("detections that match a crowd do not count, however many there are") func crowd() throws {
        let truth = GroundTruth.sample([[.box([0, 0, 10, 10]), .box([20, 20, 50, 50], isCrowd: true)]])
        let inCrowd = (0..<5).map { COCODetection.box([22 + Double($0), 25, 9, 9], score: 0.9) }
        let result = try Self.result(truth, [1: inCrowd + [.box([0, 0, 10, 10], score: 0.1)]])
        #expect(result.averagePrecision == 1)
        #expect(result.categories[0].objectCount == 1)
    }

    @Test("a second detection of an object is a false positive") func duplicate() throws {
        let truth = GroundTruth.sample([[.box([0, 0, 10, 10]), .box([50, 50, 10, 10])]])
        let first = [COCODetection.box([0, 0, 10, 10], score: 0.9), .box([0, 0, 10, 10], score: 0.8)]
        let result = try Self.result(truth, [1: first + [.box([50, 50, 10, 10], score: 0.7)]])
        // Recall 0.5 at precision 1 for 51 levels, then recall 1 at precision 2 / 3 for 50.
        let expected = (51.0 + 50.0 * 2 / 3) / 101
        #expect(abs(try #require(result.averagePrecision) - expected) < 1e-12)
    }

    @Test("the best operating point has the highest F1 score") func operatingPoint() throws {
        let truth = GroundTruth.sample([[.box([0, 0, 10, 10]), .box([50, 50, 10, 10])], [.box([0, 0, 10, 10])]])
        let found: [COCODetection] = [
            .box([0, 0, 10, 10], score: 0.75), .box([50, 50, 10, 10], score: 0.5), .box([70, 0, 10, 10], score: 0.5),
            .box([30, 0, 10, 10], score: 0.25),
        ]
        let best = try #require(try Self.result(truth, [1: found]).categories[0].best)
        // A threshold of 0.5 lets both detections of that score pass.
        #expect(best.confidence == 0.5)
        #expect(abs(best.precision - 2.0 / 3) < 1e-12 && abs(best.recall - 2.0 / 3) < 1e-12)
    }

    @Test("objects in pictures that were never added count as missed") func missingPictures() throws {
        let object = GroundTruth.Object.box([0, 0, 10, 10])
        let result = try Self.result(.sample([[object], [object]]), [1: [.box([0, 0, 10, 10])]])
        #expect(result.figures[8].value == 0.5)
    }

    @Test("detections of categories outside the ground truth are ignored") func foreignCategory() throws {
        let truth = GroundTruth.sample([[.box([0, 0, 10, 10])]])
        let foreign = COCODetection.box([0, 0, 10, 10], score: 1, categoryID: 99)
        let result = try Self.result(truth, [1: [.box([0, 0, 10, 10]), foreign]])
        #expect(result.averagePrecision == 1)
    }

    @Test("without objects, figures have no value", arguments: [0, 1]) func noObjects(imageCount: Int) throws {
        let truth = GroundTruth.sample(Array(repeating: [], count: imageCount))
        let result = try Self.result(truth, imageCount == 0 ? [:] : [1: [.box([0, 0, 10, 10])]])
        #expect(result.figures.allSatisfy { $0.value == nil })
        #expect(result.summary.split(separator: "\n").allSatisfy { $0.hasSuffix("= -1.000") })
    }

    @Test("detections that cannot be compared are rejected") func refusals() throws {
        let truth = GroundTruth.sample([[.box([0, 0, 10, 10])], []])
        var evaluation = try COCOEvaluation(groundTruth: truth, kind: .boxes)
        try evaluation.add([], imageID: 1)
        for imageID in [1, 3] {
            #expect { try evaluation.add([], imageID: imageID) } throws: { error in
                (error as? EvaluationError)?.code == .mismatch && "\(error)".contains("picture \(imageID)")
            }
        }
        #expect { try COCOEvaluation(groundTruth: truth, kind: .masks) } throws: { error in
            (error as? EvaluationError)?.code == .mismatch && "\(error)".contains("1.jpg")
        }
        var masks = try COCOEvaluation(groundTruth: .sample([[]]), kind: .masks)
        #expect(throws: EvaluationError.self) { try masks.add([.box([0, 0, 1, 1])], imageID: 1) }
    }
}
