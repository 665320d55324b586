package import Inference
package import ObjectDetection

/// Where a candidate's mask coefficients are: coefficient `k` is `outputs[output].values[offset + k * step]`.
package struct CoefficientSource: Hashable, Sendable {
    /// Index of the network's output.
    package var output: Int
    /// Index of the first coefficient in its values.
    package var offset: Int
    /// From one coefficient to the next.
    package var step: Int

    package init(output: Int, offset: Int, step: Int) {
        self.output = output
        self.offset = offset
        self.step = step
    }

    /// The coefficients, `count` of them.
    package func coefficients(in outputs: [OutputTensor], count: Int) -> [Float] {
        let values = outputs[output].values
        return (0..<count).map { values[offset + $0 * step] }
    }
}

/// What a network's answer holds over the threshold, before the overlapping ones are dropped.
package struct Candidates: Sendable {
    /// Detections in pixels of the network's input, in the order of the outputs.
    package var detections: [Detection]
    /// Where the coefficients of each detection's mask are; empty without masks.
    package var sources: [CoefficientSource]

    package init(detections: [Detection] = [], sources: [CoefficientSource] = []) {
        self.detections = detections
        self.sources = sources
    }
}
