internal import Inference
internal import ObjectDetection

extension CandidateDecoder {
    /// How many boxes are looked at together: their best scores stay in the processor's first cache.
    private static let tile = 512

    /// Decodes the answer of an anchor-free head.
    ///
    /// A box's scores lie `boxes` apart, so the best ones are found for many boxes at once, class by class.
    func decodeColumns(_ output: OutputTensor, into candidates: inout Candidates) {
        let boxCount = output.dimensions[2]
        precondition(
            output.dimensions[1] == 4 + layout.classCount + layout.maskCoefficientCount,
            "the output is of this layout"
        )
        let values = output.values
        withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.tile) { best in
            for start in stride(from: 0, to: boxCount, by: Self.tile) {
                let count = min(Self.tile, boxCount - start)
                let tile = UnsafeMutableBufferPointer(rebasing: best[..<count])
                tile.initialize(repeating: -.infinity)
                for classID in 0..<layout.classCount {
                    let first = (4 + classID) * boxCount + start
                    raise(tile, to: UnsafeBufferPointer(rebasing: values[first..<first + count]))
                }
                for offset in 0..<count where tile[offset] > options.confidenceThreshold {
                    appendColumn(start + offset, best: tile[offset], of: values, boxCount: boxCount, to: &candidates)
                }
            }
        }
    }

    @inline(__always)
    private func raise(_ best: UnsafeMutableBufferPointer<Float>, to scores: UnsafeBufferPointer<Float>) {
        precondition(best.count == scores.count, "a score for each box")
        for index in best.indices {
            let score = scores[index]
            // Never a value that is no number, which compares as not greater.
            best[index] = score > best[index] ? score : best[index]
        }
    }

    private func appendColumn(
        _ column: Int,
        best: Float,
        of values: UnsafeBufferPointer<Float>,
        boxCount: Int,
        to candidates: inout Candidates
    ) {
        let box = BoundingBox(
            centerX: values[column],
            centerY: values[boxCount + column],
            width: values[2 * boxCount + column],
            height: values[3 * boxCount + column]
        )
        let source = CoefficientSource(
            output: 0,
            offset: (4 + layout.classCount) * boxCount + column,
            step: boxCount
        )
        for classID in 0..<layout.classCount {
            let score = values[(4 + classID) * boxCount + column]
            guard options.multiLabel || score == best else { continue }
            append(box, score: score, classID: classID, source, to: &candidates)
            if !options.multiLabel { return }
        }
    }
}
