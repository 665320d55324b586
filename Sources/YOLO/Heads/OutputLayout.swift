/// Layout of a network's outputs.
package struct OutputLayout: Hashable, Sendable {
    /// Layout of the boxes in the outputs.
    package enum Boxes: Hashable, Sendable {
        /// Outputs `0..<n`: `[1, anchors * valuesPerAnchor, rows, columns]`, logits, one output per head of a network
        /// that was cut at its heads.
        case heads([DetectionHead])
        /// For each head of an anchor-free network that was cut at its heads: `[1, 4 * bins, rows, columns]` of its
        /// boxes, `[1, classes, rows, columns]` of its scores, both logits, and the mask coefficients if there are any.
        case cells(CellHeads)
        /// Output 0: `[1, boxes, 5 + classes + maskCoefficients]`, decoded, of an export that was not cut.
        case rows
        /// Output 0: `[1, 4 + classes + maskCoefficients, boxes]`, decoded and without objectness, of a later,
        /// anchor-free model.
        case columns
        /// Output 0: `[1, boxes, 6 + maskCoefficients]`: left, top, right and bottom edge in pixels, score and class, of
        /// which none is suppressed.
        case final
    }

    /// Which boxes of a network are returned.
    package enum Selection: Hashable, Sendable {
        /// Those that overlap no better one.
        case suppressed
        /// All, with every class above the threshold: the network returns one box for each object, but may return two
        /// classes for an object that is hard to tell.
        case everyClass
        /// All, with their best class.
        case bestClass
    }

    /// Layout of the boxes in the outputs.
    package var boxes: Boxes
    /// Number of classes, at least 1.
    package var classCount: Int
    /// Number of mask coefficients per box, 0 without masks.
    ///
    /// With masks, the last output holds the prototypes, `[1, maskCoefficientCount, height / 4, width / 4]`.
    package var maskCoefficientCount: Int

    /// Which boxes are returned.
    package var selection: Selection
    /// Whether the last output holds a mask for each box, `[1, boxes, rows, columns]`, over the whole input: positive
    /// values belong to the object.
    package var hasMaskPerBox: Bool

    /// Whether boxes have masks.
    package var hasMasks: Bool { maskCoefficientCount > 0 || hasMaskPerBox }

    /// Number of outputs of each head of a network that was cut at its heads.
    package var outputsPerHead: Int {
        guard case .cells = boxes else { return 1 }
        return maskCoefficientCount > 0 ? 3 : 2
    }

    package init(
        boxes: Boxes,
        classCount: Int,
        maskCoefficientCount: Int = 0,
        selection: Selection = .suppressed,
        hasMaskPerBox: Bool = false
    ) {
        self.boxes = boxes
        self.classCount = classCount
        self.maskCoefficientCount = maskCoefficientCount
        self.selection = selection
        self.hasMaskPerBox = hasMaskPerBox
    }
}
