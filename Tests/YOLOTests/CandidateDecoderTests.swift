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

    private static func decode(
        _ values: [Float],
        _ dimensions: [Int],
        _ layout: OutputLayout,
        _ options: DetectionOptions
    ) -> Candidates {
        values.withUnsafeBufferPointer { buffer in
            let tensor = OutputTensor(dimensions: dimensions, values: buffer)
            return CandidateDecoder(layout: layout, options: options).candidates(in: [tensor])
        }
    }

    /// Decodes a head of 2 rows and 3 columns in which all cells are empty except the given ones.
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
        let layout = OutputLayout(boxes: .heads([head]), classCount: 2)
        return decode(logits, [1, 14, 2, 3], layout, options).detections
    }

    /// Computed by hand from YOLOv5's formulas: the sigmoid of 0 is 0.5, so x is (2 * 0.5 - 0.5 + column) * stride and
    /// the width is (2 * 0.5)² * anchor; the sigmoid of ln 3 is 0.75.
    @Test("a cell is decoded by YOLOv5's formulas") func formulas() {
        let found = Self.decode([(1, 1, 2, [0, 0, 0, 1.0986123, 1.0986123, -20, 20])], options: DetectionOptions())
        #expect(found.count == 1)
        #expect(found[0].classID == 1)
        #expect(abs(found[0].score - 0.75) < 1e-5)
        let expected = BoundingBox(centerX: 20, centerY: 12, width: 16, height: 67.5)
        #expect(found[0].box.intersectionOverUnion(with: expected) > 0.9999)
    }

    @Test(
        "a box yields its best class, or every likely class with multiLabel",
        arguments: [(false, [0]), (true, [0, 1])]
    )
    func labels(isMultiLabel: Bool, expected: [Int]) {
        let cell: (Int, Int, Int, [Float]) = (0, 0, 0, [0, 0, 0, 0, 10, 3, 1])
        let found = Self.decode([cell], options: DetectionOptions(multiLabel: isMultiLabel))
        #expect(found.map(\.classID) == expected)
    }

    @Test("only scores above the threshold are kept", arguments: [(0.25, 2), (0.6, 1), (0.99, 0)])
    func threshold(confidence: Double, expectedCount: Int) {
        // The scores are sigmoid(0.05)², which is just above 0.25, and sigmoid(ln 3), which is 0.75.
        let cells: [(Int, Int, Int, [Float])] = [
            (0, 0, 0, [0, 0, 0, 0, 0.05, 0.05, -20]), (0, 1, 1, [0, 0, 0, 0, 20, 1.0986123, -20]),
        ]
        let options = DetectionOptions(confidenceThreshold: Float(confidence))
        #expect(Self.decode(cells, options: options).count == expectedCount)
    }

    @Test("only the selected classes are kept") func classes() {
        let cells: [(Int, Int, Int, [Float])] = [
            (0, 0, 0, [0, 0, 0, 0, 10, 10, -10]), (0, 1, 1, [0, 0, 0, 0, 10, -10, 10]),
        ]
        #expect(Self.decode(cells, options: DetectionOptions(classes: [1])).map(\.classID) == [1])
    }

    @Test("NaN values yield no detections") func notANumber() {
        let cells: [(Int, Int, Int, [Float])] = [
            (0, 0, 0, [0, 0, 0, 0, .nan, 10, 10]), (0, 0, 1, [0, 0, 0, 0, 10, .nan, .nan]),
            (0, 0, 2, [.nan, 0, 0, 0, 10, 10, 10]), (0, 1, 0, [0, 0, 0, .nan, 10, 10, 10]),
        ]
        #expect(Self.decode(cells, options: DetectionOptions()).isEmpty)
    }

    @Test("a head's mask coefficients follow its classes, one plane apart") func headCoefficients() {
        let head = DetectionHead(stride: 8, anchors: [.init(width: 8, height: 8)], valuesPerAnchor: 8)
        var logits = [Float](repeating: -20, count: 8 * 6)
        for (value, logit) in [0, 0, 0, 0, 20, 20, 0.25, 0.75].enumerated() { logits[value * 6 + 4] = Float(logit) }
        let layout = OutputLayout(boxes: .heads([head]), classCount: 1, maskCoefficientCount: 2)
        let found = Self.decode(logits, [1, 8, 2, 3], layout, DetectionOptions())
        #expect(found.detections.count == 1)
        #expect(found.sources == [CoefficientSource(output: 0, offset: 6 * 6 + 4, step: 6)])
        #expect(found.sources.map { [logits[$0.offset], logits[$0.offset + $0.step]] } == [[0.25, 0.75]])
    }

    /// One box per row: centre, size, objectness, two classes, two mask coefficients.
    private static let rows: [[Float]] = [
        [10, 20, 4, 8, 0.9, 0.5, 0.25, 1, 2],
        [10, 20, 4, 8, 0.2, 1, 1, 3, 4],
        [30, 40, 2, 2, 0.5, 0.25, 1, 5, 6],
        [.infinity, 40, 2, 2, 1, 1, 1, 7, 8],
        [30, 40, 2, .nan, 1, 1, 1, 9, 9],
        [30, 40, 2, 2, 1, .nan, .infinity, 9, 9],
    ]

    @Test("rows are decoded, with their mask coefficients") func rowsLayout() {
        let layout = OutputLayout(boxes: .rows, classCount: 2, maskCoefficientCount: 2)
        let values = Array(Self.rows.joined())
        let found = Self.decode(values, [1, 6, 9], layout, DetectionOptions())
        #expect(
            found.detections == [
                Detection(box: .init(minX: 8, minY: 16, maxX: 12, maxY: 24), score: 0.45, classID: 0),
                Detection(box: .init(minX: 29, minY: 39, maxX: 31, maxY: 41), score: 0.5, classID: 1),
            ]
        )
        #expect(found.sources.map { [values[$0.offset], values[$0.offset + $0.step]] } == [[1, 2], [5, 6]])
    }

    // Fewer columns than a tile of the decoder, exactly one tile, and two tiles with an odd remainder.
    @Test("columns are decoded, with their mask coefficients", arguments: [6, 512, 1_031])
    func columnsLayout(columnCount: Int) {
        var values = [Float](repeating: 0, count: 8 * columnCount)
        let places = Self.rows.indices.map { $0 < 3 ? $0 : columnCount - 6 + $0 }
        for (row, place) in zip(Self.rows, places) {
            // Anchor-free heads have no objectness.
            for (value, number) in (row[..<4] + row[5...]).enumerated() { values[value * columnCount + place] = number }
        }
        let layout = OutputLayout(boxes: .columns, classCount: 2, maskCoefficientCount: 2)
        let best = Self.decode(values, [1, 8, columnCount], layout, DetectionOptions())
        #expect(best.detections.map(\.score) == [0.5, 1, 1])
        #expect(best.detections.map(\.classID) == [0, 0, 1])
        #expect(best.detections.first?.box == BoundingBox(minX: 8, minY: 16, maxX: 12, maxY: 24))
        #expect(
            best.sources.map { [values[$0.offset], values[$0.offset + $0.step]] } == [[1, 2], [3, 4], [5, 6]]
        )
        let options = DetectionOptions(confidenceThreshold: 0.2, multiLabel: true)
        let all = Self.decode(values, [1, 8, columnCount], layout, options)
        #expect(all.detections.map(\.score) == [0.5, 0.25, 1, 1, 0.25, 1])
        #expect(all.detections.map(\.classID) == [0, 1, 0, 1, 0, 1])
    }

    @Test("outputs without boxes yield no candidates") func empty() {
        let options = DetectionOptions()
        #expect(Self.decode([], [1, 0, 7], .init(boxes: .rows, classCount: 2), options).detections.isEmpty)
        #expect(Self.decode([], [1, 6, 0], .init(boxes: .columns, classCount: 2), options).detections.isEmpty)
    }
}
