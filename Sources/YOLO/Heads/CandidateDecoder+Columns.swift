internal import Inference
internal import ObjectDetection

extension CandidateDecoder {
    /// Number of boxes processed together, small enough for their best scores to stay in the L1 cache.
    private static let tile = 512

    /// Decodes the output of an anchor-free head.
    ///
    /// The scores of a box are `boxes` values apart, so the best ones are found for many boxes at once, class by class.
    func decodeColumns(_ output: OutputTensor, into candidates: inout Candidates) {
        let boxCount = output.dimensions[2]
        precondition(
            output.dimensions[1] == 4 + layout.classCount + layout.maskCoefficientCount,
            "the output must match the layout"
        )
        let values = output.values
        let scores = UnsafeBufferPointer(rebasing: values[4 * boxCount..<(4 + layout.classCount) * boxCount])
        forEachBest(of: scores, boxCount: boxCount, over: minimumScore) { column, best in
            appendColumn(column, best: best, of: values, boxCount: boxCount, to: &candidates)
        }
    }

    /// Calls `body` with the index and the highest score of each box of which that exceeds `threshold`.
    ///
    /// - Parameters:
    ///   - scores: `[classes, boxes]`.
    ///   - boxCount: Number of boxes.
    ///   - threshold: Value that the highest score must exceed; NaN never does.
    ///   - body: Called in the order of the boxes.
    @inline(__always)
    func forEachBest(
        of scores: UnsafeBufferPointer<Float>,
        boxCount: Int,
        over threshold: Float,
        _ body: (Int, Float) -> Void
    ) {
        precondition(scores.count == layout.classCount * boxCount, "each box needs a score for each class")
        withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.tile) { best in
            for start in stride(from: 0, to: boxCount, by: Self.tile) {
                let count = min(Self.tile, boxCount - start)
                let tile = UnsafeMutableBufferPointer(rebasing: best[..<count])
                tile.initialize(repeating: -.infinity)
                for classID in 0..<layout.classCount {
                    let first = classID * boxCount + start
                    raise(tile, to: UnsafeBufferPointer(rebasing: scores[first..<first + count]))
                }
                for offset in 0..<count where tile[offset] > threshold { body(start + offset, tile[offset]) }
            }
        }
    }

    @inline(__always)
    private func raise(_ best: UnsafeMutableBufferPointer<Float>, to scores: UnsafeBufferPointer<Float>) {
        precondition(best.count == scores.count, "each box needs a score")
        for index in best.indices {
            let score = scores[index]
            // NaN never compares as greater, so it is ignored.
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
            offset: layout.hasMaskPerBox ? column : (4 + layout.classCount) * boxCount + column,
            step: boxCount
        )
        appendClasses(of: box, best: best, source, to: &candidates) { values[(4 + $0) * boxCount + column] }
    }

    /// Adds the candidates of one box: its best class, or every class above the threshold with `multiLabel` or if the
    /// layout says so.
    ///
    /// - Parameters:
    ///   - box: The box.
    ///   - best: The highest raw value.
    ///   - source: Location of its mask coefficients.
    ///   - candidates: Receives the candidates.
    ///   - raw: Returns the raw value of a class.
    ///   - probability: Converts a raw value to a score.
    @inline(__always)
    func appendClasses(
        of box: BoundingBox,
        best: Float,
        _ source: CoefficientSource,
        to candidates: inout Candidates,
        raw: (Int) -> Float,
        probability: (Float) -> Float = { $0 }
    ) {
        let takesAll = options.multiLabel || layout.selection == .everyClass
        for classID in 0..<layout.classCount {
            let value = raw(classID)
            guard takesAll || value == best else { continue }
            append(box, score: probability(value), classID: classID, source, to: &candidates)
            if !takesAll { return }
        }
    }
}
