package import Inference
package import ObjectDetection

/// Location of a candidate's mask coefficients: coefficient `k` is `outputs[output].values[offset + k * step]`.
///
/// If the network returns a mask for each box, `offset` is the index of the box.
package struct CoefficientSource: Hashable, Sendable {
    /// Index of the network's output.
    package var output: Int
    /// Index of the first coefficient in the output's values.
    package var offset: Int
    /// Distance from one coefficient to the next.
    package var step: Int

    package init(output: Int, offset: Int, step: Int) {
        self.output = output
        self.offset = offset
        self.step = step
    }

    /// Returns the first `count` coefficients.
    package func coefficients(in outputs: [OutputTensor], count: Int) -> [Float] {
        let values = outputs[output].values
        return (0..<count).map { values[offset + $0 * step] }
    }
}

/// Detections above the confidence threshold, before non-maximum suppression.
package struct Candidates: Sendable {
    /// Detections in pixels of the network's input, in the order of the outputs.
    package var detections: [Detection]
    /// Location of each detection's mask coefficients; empty without masks.
    package var sources: [CoefficientSource]

    package init(detections: [Detection] = [], sources: [CoefficientSource] = []) {
        self.detections = detections
        self.sources = sources
    }
}
