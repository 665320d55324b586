internal import Inference

/// Determines how a transformer states the boxes of its queries, which belong to no cells.
///
/// Its scores must be independent of each other: values of 0 give each class the same score, 0.5, where a softmax gives
/// one divided by the number of classes. Boxes must lie in the picture and differ.
struct QueryProbe {
    /// Share of boxes that must be as they should be.
    private static let neededShare = 0.95

    private let form: BoxForm
    private let width: Int
    private let height: Int
    /// Boxes for zeros, and for values between -2 and 2: `[boxes, valuesPerBox]`.
    private let zeros: [[Float]]
    private let varied: [[Float]]

    /// Probes a network; nil if it does not select its best boxes, or they depend on more than its last layers.
    ///
    /// - Parameters:
    ///   - probe: Probe of the network that enters after its layers.
    ///   - form: Where boxes and scores are in its outputs.
    init?(_ probe: OutputProbe, _ form: BoxForm) {
        guard probe.selectsBest, let zeros = probe.table(form, .zeros),
            let varied = probe.table(form, .varied(spread: 2))
        else { return nil }
        func rows(of values: [Float]) -> [[Float]] {
            stride(from: 0, to: values.count, by: form.valuesPerBox).map {
                Array(values[$0..<$0 + form.valuesPerBox])
            }
        }
        self.form = form
        self.zeros = rows(of: zeros)
        self.varied = rows(of: varied)
        width = probe.width
        height = probe.height
    }

    /// How the boxes are stated; nil if they are not those of queries.
    var finding: BoxForm? {
        var form = form
        let scores = varied.flatMap { $0[4...] }
        guard (zeros + varied).allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return nil }
        form.areLogits = !scores.allSatisfy { (-0.001...1.001).contains($0) }
        let middle: Float = form.areLogits ? 0 : 0.5
        guard share(of: zeros, which: { $0[4...].allSatisfy { abs($0 - middle) < 0.01 } }) else { return nil }
        let areCorners = [zeros, varied].allSatisfy { boxes in
            share(of: boxes) { $0[0] <= $0[2] && $0[1] <= $0[3] }
        }
        form.coordinates = areCorners ? .corners : .centers
        for isRelative in [true, false] {
            form.isRelative = isRelative
            let (across, down) = isRelative ? (1, 1) : (Float(width), Float(height))
            let areInside = share(of: zeros) { box in
                let (x, y) = areCorners ? ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) : (box[0], box[1])
                return (-0.1...1.1).contains(x / across) && (-0.1...1.1).contains(y / down)
                    && (areCorners || (box[2] >= 0 && box[3] >= 0))
            }
            // Boxes in pixels are inside as well if they are all in one corner.
            let reach = zeros.map { $0[0] / across }.max() ?? 0
            if areInside, reach > 0.05, zeros.map({ $0[0] }) != varied.map({ $0[0] }) { return form }
        }
        return nil
    }

    private func share(of rows: [[Float]], which isRight: ([Float]) -> Bool) -> Bool {
        Double(rows.count(where: isRight)) >= Self.neededShare * Double(rows.count)
    }
}
