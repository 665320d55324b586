import Inference
import ObjectDetection
import Testing
import YOLO

@Suite struct CandidateDecoderTests {
    private static let head = DetectionHead(
        stride: 8,
        anchors: [.init(width: 10, height: 13), .init(width: 16, height: 30)],
        valuesPerAnchor: 7
    )

    /// A head of 2 rows and 3 columns whose cells are all empty but for the ones given.
    private static func decode(
        _ cells: [(anchor: Int, row: Int, column: Int, values: [Float])],
        options: DetectionOptions
    ) -> [Detection] {
        let plane = 6
        var logits = [Float](repeating: -20, count: 2 * 7 * plane)
        for cell in cells {
            for (value, logit) in cell.values.enumerated() {
                logits[(cell.anchor * 7 + value) * plane + cell.row * 3 + cell.column] = logit
            }
        }
        var candidates: [Detection] = []
        logits.withUnsafeBufferPointer { buffer in
            let tensor = OutputTensor(dimensions: [1, 14, 2, 3], values: buffer)
            CandidateDecoder(options: options).decode(tensor, of: head, into: &candidates)
        }
        return candidates
    }

    /// By hand from YOLOv5's formulas: a logit of 0 has a sigmoid of 0.5, so x is (2 * 0.5 - 0.5 + column) * stride and
    /// the width is (2 * 0.5)² * anchor; ln 3 has a sigmoid of 0.75.
    @Test("a cell is decoded by YOLOv5's formulas") func formulas() {
        let found = Self.decode([(1, 1, 2, [0, 0, 0, 1.0986123, 1.0986123, -20, 20])], options: DetectionOptions())
        #expect(found.count == 1)
        #expect(found[0].classID == 1)
        #expect(abs(found[0].score - 0.75) < 1e-5)
        let expected = BoundingBox(centerX: 20, centerY: 12, width: 16, height: 67.5)
        #expect(found[0].box.intersectionOverUnion(with: expected) > 0.9999)
    }

    @Test(
        "one box has its best class, or every likely one when several are wanted",
        arguments: [(false, [0]), (true, [0, 1])]
    )
    func labels(isMultiLabel: Bool, expected: [Int]) {
        let cell: (Int, Int, Int, [Float]) = (0, 0, 0, [0, 0, 0, 0, 10, 3, 1])
        let found = Self.decode([cell], options: DetectionOptions(multiLabel: isMultiLabel))
        #expect(found.map(\.classID) == expected)
    }

    @Test("only scores above the threshold count", arguments: [(0.25, 2), (0.6, 1), (0.99, 0)])
    func threshold(confidence: Double, expectedCount: Int) {
        // Scores of 0.5 * 0.5 + and 0.75: sigmoid(0.05) is just above 0.5, sigmoid(ln 3) is 0.75.
        let cells: [(Int, Int, Int, [Float])] = [
            (0, 0, 0, [0, 0, 0, 0, 0.05, 0.05, -20]), (0, 1, 1, [0, 0, 0, 0, 20, 1.0986123, -20]),
        ]
        let options = DetectionOptions(confidenceThreshold: Float(confidence))
        #expect(Self.decode(cells, options: options).count == expectedCount)
    }

    @Test("other classes than the wanted are left out") func classes() {
        let cells: [(Int, Int, Int, [Float])] = [
            (0, 0, 0, [0, 0, 0, 0, 10, 10, -10]), (0, 1, 1, [0, 0, 0, 0, 10, -10, 10]),
        ]
        #expect(Self.decode(cells, options: DetectionOptions(classes: [1])).map(\.classID) == [1])
    }

    @Test("values that are no numbers give no detections") func notANumber() {
        let cells: [(Int, Int, Int, [Float])] = [
            (0, 0, 0, [0, 0, 0, 0, .nan, 10, 10]), (0, 0, 1, [0, 0, 0, 0, 10, .nan, .nan]),
        ]
        #expect(Self.decode(cells, options: DetectionOptions()).isEmpty)
    }
}
