internal import Glibc
package import Inference
package import ObjectDetection

/// Turns a YOLOv5 network's answer into candidates, in pixels of the network's input.
///
/// - SeeAlso: Ultralytics YOLOv5 v7.0, `models/yolo.py`, `Detect.forward`; `utils/general.py`,
///   `non_max_suppression`.
package struct CandidateDecoder {
    private let options: DetectionOptions
    /// The logit that objectness must exceed: a score is never greater than its objectness, so most cells end here
    /// after one comparison.
    private let minimumLogit: Float

    package init(options: DetectionOptions) {
        self.options = options
        let threshold = options.confidenceThreshold
        minimumLogit = threshold > 0 ? log(threshold / (1 - threshold)) : -.infinity
    }

    /// Decodes one head.
    ///
    /// - Parameters:
    ///   - output: `[1, anchors * valuesPerAnchor, rows, columns]`, logits.
    ///   - head: The head that it comes from.
    ///   - candidates: Receives what exceeds the threshold.
    package func decode(_ output: OutputTensor, of head: DetectionHead, into candidates: inout [Detection]) {
        let rows = output.dimensions[2]
        let columns = output.dimensions[3]
        let plane = rows * columns
        precondition(output.dimensions[1] == head.anchors.count * head.valuesPerAnchor, "the output is of this head")
        for (index, anchor) in head.anchors.enumerated() {
            let logits = UnsafeBufferPointer(rebasing: output.values[(index * head.valuesPerAnchor * plane)...])
            for cell in 0..<plane where logits[4 * plane + cell] > minimumLogit {
                let stride = Float(head.stride)
                let width = 2 * sigmoid(logits[2 * plane + cell])
                let height = 2 * sigmoid(logits[3 * plane + cell])
                let box = BoundingBox(
                    centerX: (2 * sigmoid(logits[cell]) - 0.5 + Float(cell % columns)) * stride,
                    centerY: (2 * sigmoid(logits[plane + cell]) - 0.5 + Float(cell / columns)) * stride,
                    width: width * width * anchor.width,
                    height: height * height * anchor.height
                )
                let objectness = sigmoid(logits[4 * plane + cell])
                append(box, objectness: objectness, classCount: head.classCount, to: &candidates) { classID in
                    logits[(5 + classID) * plane + cell]
                } probability: {
                    sigmoid($0)
                }
            }
        }
    }

    /// Decodes the answer of an export that was not cut.
    ///
    /// - Parameters:
    ///   - output: `[1, boxes, 5 + classes]`: centre x, centre y, width, height in pixels, objectness and class
    ///     probabilities in `0...1`.
    ///   - candidates: Receives what exceeds the threshold.
    package func decode(boxes output: OutputTensor, into candidates: inout [Detection]) {
        let valuesPerBox = output.dimensions[2]
        for row in 0..<output.dimensions[1] {
            let values = UnsafeBufferPointer(rebasing: output.values[(row * valuesPerBox)...])
            guard values[4] > options.confidenceThreshold else { continue }
            let box = BoundingBox(centerX: values[0], centerY: values[1], width: values[2], height: values[3])
            append(box, objectness: values[4], classCount: valuesPerBox - 5, to: &candidates) { classID in
                values[5 + classID]
            } probability: {
                $0
            }
        }
    }

    /// Adds the candidates of one box: its best class, or every class that is likely enough.
    ///
    /// The best class is found on the raw values, so that only one of them needs the exponential.
    private func append(
        _ box: BoundingBox,
        objectness: Float,
        classCount: Int,
        to candidates: inout [Detection],
        raw: (Int) -> Float,
        probability: (Float) -> Float
    ) {
        func add(_ classID: Int) {
            let score = objectness * probability(raw(classID))
            guard score > options.confidenceThreshold, options.classes?.contains(classID) ?? true else { return }
            candidates.append(Detection(box: box, score: score, classID: classID))
        }
        if options.multiLabel {
            for classID in 0..<classCount { add(classID) }
            return
        }
        var best = 0
        for classID in 1..<max(1, classCount) where raw(classID) > raw(best) { best = classID }
        add(best)
    }
}

@inline(__always)
private func sigmoid(_ value: Float) -> Float {
    1 / (1 + exp(-value))
}
