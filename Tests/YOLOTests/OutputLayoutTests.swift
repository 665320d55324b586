import Inference
import Testing
import YOLO

@Suite struct OutputLayoutTests {
    private static let heads = OutputLayout.Boxes.heads([
        DetectionHead(stride: 8, anchors: [.init(width: 1, height: 1)], valuesPerAnchor: 8)
    ])

    @Test(
        "outputs of another shape than the layout's are an error",
        arguments: [
            (OutputLayout(boxes: .columns, classCount: 3), [[1, 7, 84]], true),
            (OutputLayout(boxes: .columns, classCount: 3), [[1, 21, 28]], false),
            (OutputLayout(boxes: .columns, classCount: 3), [[2, 7, 84]], false),
            (OutputLayout(boxes: .columns, classCount: 3), [[7, 84]], false),
            (OutputLayout(boxes: .columns, classCount: 3), [], false),
            (OutputLayout(boxes: .rows, classCount: 3), [[1, 84, 8]], true),
            (OutputLayout(boxes: .rows, classCount: 3), [[1, 84, 7]], false),
            (OutputLayout(boxes: .final, classCount: 3), [[1, 0, 6]], true),
            (OutputLayout(boxes: .final, classCount: 3), [[1, 5, 7]], false),
            (
                OutputLayout(boxes: .columns, classCount: 3, maskCoefficientCount: 4), [[1, 11, 84], [1, 4, 16, 16]],
                true
            ),
            (
                OutputLayout(boxes: .columns, classCount: 3, maskCoefficientCount: 4), [[1, 11, 84], [1, 3, 16, 16]],
                false
            ),
            (OutputLayout(boxes: .columns, classCount: 3, maskCoefficientCount: 4), [[1, 11, 84]], false),
            (OutputLayout(boxes: .columns, classCount: 3, hasMaskPerBox: true), [[1, 7, 20], [1, 20, 8, 8]], true),
            (OutputLayout(boxes: .columns, classCount: 3, hasMaskPerBox: true), [[1, 7, 20], [1, 19, 8, 8]], false),
            (OutputLayout(boxes: .columns, classCount: 3, hasMaskPerBox: true), [[1, 7, 20], [1, 20, 0, 8]], false),
            (OutputLayout(boxes: heads, classCount: 3), [[1, 8, 8, 12]], true),
            (OutputLayout(boxes: heads, classCount: 3), [[1, 8, 12, 8]], false),
            (
                OutputLayout(boxes: .cells(CellHeads(strides: [32], bins: 16)), classCount: 3),
                [[1, 64, 2, 3], [1, 3, 2, 3]], true
            ),
            (
                OutputLayout(boxes: .cells(CellHeads(strides: [32], bins: 16)), classCount: 3),
                [[1, 64, 2, 3], [1, 3, 3, 2]], false
            ),
        ] as [(OutputLayout, [[Int]], Bool)]
    )
    func shapes(layout: OutputLayout, shapes: [[Int]], isExpected: Bool) {
        let values = [Float](repeating: 0, count: 1 << 12)
        values.withUnsafeBufferPointer { values in
            let outputs = shapes.map { shape in
                OutputTensor(dimensions: shape, values: UnsafeBufferPointer(rebasing: values[..<shape.reduce(1, *)]))
            }
            if isExpected {
                #expect(throws: Never.self) { try layout.check(outputs, height: 64, width: 96) }
            } else {
                let error = #expect(throws: InferenceError.self) { try layout.check(outputs, height: 64, width: 96) }
                #expect(error?.code == .failed)
            }
        }
    }
}
