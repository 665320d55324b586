/// How a network's outputs are read.
package struct OutputLayout: Hashable, Sendable {
    /// How the boxes lie in the outputs.
    package enum Boxes: Hashable, Sendable {
        /// Outputs `0..<n`: `[1, anchors * valuesPerAnchor, rows, columns]`, logits, one for each head of a network
        /// that was cut.
        case heads([DetectionHead])
        /// Output 0: `[1, boxes, 5 + classes + maskCoefficients]`, decoded, of an export that was not cut.
        case rows
        /// Output 0: `[1, 4 + classes + maskCoefficients, boxes]`, decoded and without objectness, as the anchor-free
        /// heads of later models answer.
        case columns
    }

    /// How the boxes lie in the outputs.
    package var boxes: Boxes
    /// Number of classes, at least 1.
    package var classCount: Int
    /// Mask coefficients of each box, 0 without masks; else the prototypes
    /// `[1, maskCoefficientCount, height / 4, width / 4]` are the last output.
    package var maskCoefficientCount: Int

    package init(boxes: Boxes, classCount: Int, maskCoefficientCount: Int = 0) {
        self.boxes = boxes
        self.classCount = classCount
        self.maskCoefficientCount = maskCoefficientCount
    }
}
