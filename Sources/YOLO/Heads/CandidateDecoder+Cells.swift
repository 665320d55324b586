internal import Glibc
internal import Inference
internal import ObjectDetection

extension CandidateDecoder {
    /// Decodes the outputs of anchor-free heads.
    ///
    /// - SeeAlso: Ultralytics 8.4, `nn/modules/head.py`, `Detect._inference`; `nn/modules/block.py`, `DFL`.
    func decodeCells(_ outputs: [OutputTensor], of heads: CellHeads, into candidates: inout Candidates) {
        for (index, stride) in heads.strides.enumerated() {
            let first = index * layout.outputsPerHead
            let head = CellHead(boxes: outputs[first], scores: outputs[first + 1], bins: heads.bins, stride: stride)
            let (logits, count) = (head.scores.values, head.cellCount)
            forEachBest(of: logits, boxCount: count, over: minimumLogit) { cell, best in
                let source = CoefficientSource(output: first + 2, offset: cell, step: count)
                appendClasses(of: head.box(of: cell), best: best, source, to: &candidates) {
                    logits[$0 * count + cell]
                } probability: {
                    sigmoid($0)
                }
            }
        }
    }
}

/// The outputs of one head.
private struct CellHead {
    let boxes: OutputTensor
    let scores: OutputTensor
    let bins: Int
    let stride: Int
    let cellCount: Int
    private let columns: Int

    init(boxes: OutputTensor, scores: OutputTensor, bins: Int, stride: Int) {
        self.boxes = boxes
        self.scores = scores
        self.bins = bins
        self.stride = stride
        columns = boxes.dimensions[3]
        cellCount = boxes.dimensions[2] * columns
        precondition(boxes.dimensions[1] == 4 * bins, "the output must match the layout")
        precondition(boxes.dimensions[2...] == scores.dimensions[2...], "boxes and scores must belong together")
    }

    /// The box of a cell, in pixels of the network's input.
    func box(of cell: Int) -> BoundingBox {
        let (x, y) = (Float(cell % columns) + 0.5, Float(cell / columns) + 0.5)
        let scale = Float(stride)
        return BoundingBox(
            minX: (x - distance(0, of: cell)) * scale,
            minY: (y - distance(1, of: cell)) * scale,
            maxX: (x + distance(2, of: cell)) * scale,
            maxY: (y + distance(3, of: cell)) * scale
        )
    }

    /// The distance of an edge: the mean of the softmax of its values.
    private func distance(_ edge: Int, of cell: Int) -> Float {
        let first = edge * bins * cellCount + cell
        guard bins > 1 else { return boxes.values[first] }
        var highest = -Float.infinity
        for bin in 0..<bins { highest = max(highest, boxes.values[first + bin * cellCount]) }
        var (sum, mean): (Float, Float) = (0, 0)
        for bin in 0..<bins {
            let weight = exp(boxes.values[first + bin * cellCount] - highest)
            sum += weight
            mean += weight * Float(bin)
        }
        return mean / sum
    }
}
