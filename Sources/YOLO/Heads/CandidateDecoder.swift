internal import Glibc
package import Inference
internal import ObjectDetection

/// Decodes a network's outputs into candidates, in pixels of the network's input.
///
/// - SeeAlso: Ultralytics YOLOv5 v7.0, `models/yolo.py`, `Detect.forward`; `utils/general.py`,
///   `non_max_suppression`.
package struct CandidateDecoder {
    let layout: OutputLayout
    let options: DetectionOptions
    /// Logit that objectness must exceed, or a score without objectness: a score is never greater than its objectness, so
    /// one comparison rejects most cells.
    let minimumLogit: Float
    /// The lowest threshold of any class.
    let minimumScore: Float

    package init(layout: OutputLayout, options: DetectionOptions) {
        self.layout = layout
        self.options = options
        let threshold = options.classThresholds.values.reduce(options.confidenceThreshold, min)
        minimumScore = threshold
        minimumLogit = threshold > 0 ? log(threshold / (1 - threshold)) : -.infinity
    }

    /// Decodes the outputs of one run.
    ///
    /// - Parameter outputs: The network's outputs, as described by ``OutputLayout``.
    /// - Returns: The candidates above the confidence threshold, in the order of the outputs; scores and coordinates
    ///   are finite.
    package func candidates(in outputs: [OutputTensor]) -> Candidates {
        var candidates = Candidates()
        switch layout.boxes {
        case .heads(let heads):
            for (index, head) in heads.enumerated() {
                decode(outputs[index], at: index, of: head, into: &candidates)
            }
        case .cells(let heads): decodeCells(outputs, of: heads, into: &candidates)
        case .rows: decodeRows(outputs[0], into: &candidates)
        case .columns: decodeColumns(outputs[0], into: &candidates)
        case .final: decodeFinal(outputs[0], into: &candidates)
        }
        return candidates
    }

    private func decode(
        _ output: OutputTensor,
        at index: Int,
        of head: DetectionHead,
        into candidates: inout Candidates
    ) {
        let columns = output.dimensions[3]
        let plane = output.dimensions[2] * columns
        precondition(output.dimensions[1] == head.anchors.count * head.valuesPerAnchor, "the output must fit the head")
        let stride = Float(head.stride)
        for (anchorIndex, anchor) in head.anchors.enumerated() {
            let start = anchorIndex * head.valuesPerAnchor * plane
            let logits = UnsafeBufferPointer(rebasing: output.values[start..<start + head.valuesPerAnchor * plane])
            let objectness = UnsafeBufferPointer(rebasing: logits[4 * plane..<5 * plane])
            forEachIndex(of: objectness, over: minimumLogit) { cell in
                let width = 2 * sigmoid(logits[2 * plane + cell])
                let height = 2 * sigmoid(logits[3 * plane + cell])
                let box = BoundingBox(
                    centerX: (2 * sigmoid(logits[cell]) - 0.5 + Float(cell % columns)) * stride,
                    centerY: (2 * sigmoid(logits[plane + cell]) - 0.5 + Float(cell / columns)) * stride,
                    width: width * width * anchor.width,
                    height: height * height * anchor.height
                )
                let source = CoefficientSource(
                    output: index,
                    offset: start + (5 + layout.classCount) * plane + cell,
                    step: plane
                )
                append(box, objectness: sigmoid(objectness[cell]), source: source, to: &candidates) { classID in
                    logits[(5 + classID) * plane + cell]
                } probability: {
                    sigmoid($0)
                }
            }
        }
    }

    private func decodeRows(_ output: OutputTensor, into candidates: inout Candidates) {
        let valuesPerBox = output.dimensions[2]
        precondition(
            valuesPerBox == 5 + layout.classCount + layout.maskCoefficientCount,
            "the output must match the layout"
        )
        for row in 0..<output.dimensions[1] {
            let start = row * valuesPerBox
            let values = UnsafeBufferPointer(rebasing: output.values[start..<start + valuesPerBox])
            guard values[4] > minimumScore else { continue }
            let box = BoundingBox(centerX: values[0], centerY: values[1], width: values[2], height: values[3])
            let source = CoefficientSource(output: 0, offset: start + 5 + layout.classCount, step: 1)
            append(box, objectness: values[4], source: source, to: &candidates) { classID in
                values[5 + classID]
            } probability: {
                $0
            }
        }
    }

    private func decodeFinal(_ output: OutputTensor, into candidates: inout Candidates) {
        let valuesPerBox = output.dimensions[2]
        precondition(valuesPerBox == 6 + layout.maskCoefficientCount, "the output must match the layout")
        for row in 0..<output.dimensions[1] {
            let values = UnsafeBufferPointer(rebasing: output.values[row * valuesPerBox..<(row + 1) * valuesPerBox])
            guard let classID = Int(exactly: values[5].rounded()), (0..<layout.classCount).contains(classID) else {
                continue
            }
            append(
                BoundingBox(minX: values[0], minY: values[1], maxX: values[2], maxY: values[3]),
                score: values[4],
                classID: classID,
                CoefficientSource(output: 0, offset: row * valuesPerBox + 6, step: 1),
                to: &candidates
            )
        }
    }

    /// Adds the candidates of one box: its best class, or every class above the threshold with `multiLabel`.
    ///
    /// The best class is found from the raw values, so that only one of them needs an exponential.
    private func append(
        _ box: BoundingBox,
        objectness: Float,
        source: CoefficientSource,
        to candidates: inout Candidates,
        raw: (Int) -> Float,
        probability: (Float) -> Float
    ) {
        if options.multiLabel {
            for classID in 0..<layout.classCount {
                append(box, score: objectness * probability(raw(classID)), classID: classID, source, to: &candidates)
            }
            return
        }
        var best = 0
        for classID in 1..<max(1, layout.classCount) where raw(classID) > raw(best) { best = classID }
        append(box, score: objectness * probability(raw(best)), classID: best, source, to: &candidates)
    }

    /// Adds a candidate if its score exceeds the threshold, its class is selected, and its score and box are finite.
    func append(
        _ box: BoundingBox,
        score: Float,
        classID: Int,
        _ source: CoefficientSource,
        to candidates: inout Candidates
    ) {
        guard score > minimumScore, score > options.classThresholds[classID] ?? options.confidenceThreshold,
            score.isFinite, options.classes?.contains(classID) ?? true,
            (box.minX + box.minY + box.maxX + box.maxY).isFinite
        else { return }
        candidates.detections.append(Detection(box: box, score: score, classID: classID))
        if layout.hasMasks { candidates.sources.append(source) }
    }
}

/// Calls `body` with the index of each value greater than `threshold`; optimised for few such values.
@inline(__always)
private func forEachIndex(of values: UnsafeBufferPointer<Float>, over threshold: Float, _ body: (Int) -> Void) {
    let bytes = UnsafeRawBufferPointer(values)
    let width = SIMD16<Float>.scalarCount
    var start = 0
    // Most groups of sixteen hold no such value, so each is first checked with one vector comparison.
    while start <= values.count - width {
        let group = bytes.loadUnaligned(fromByteOffset: start * MemoryLayout<Float>.stride, as: SIMD16<Float>.self)
        if any(group .> threshold) {
            for index in start..<start + width where values[index] > threshold { body(index) }
        }
        start += width
    }
    for index in start..<values.count where values[index] > threshold { body(index) }
}

@inline(__always)
func sigmoid(_ value: Float) -> Float {
    1 / (1 + exp(-value))
}
