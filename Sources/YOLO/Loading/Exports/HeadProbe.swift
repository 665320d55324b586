internal import Glibc
package import Inference

/// Determines how an export decodes its heads, by feeding it known logits and examining the boxes that it returns.
///
/// Exporters and their optimisers express the same decoding in many ways: with anchors as constants of different
/// shapes, multiplied by the stride or not, computed from the shape, in half precision, cell by cell or scattered. All
/// return the same boxes for known logits, which also proves that they decode as ``CandidateDecoder`` does.
package struct HeadProbe {
    /// The heads by ascending stride.
    package private(set) var heads: [DetectionHead] = []
    /// Number of class probabilities, which follow the box and objectness.
    package private(set) var classCount = 0
    /// Number of values after the class probabilities, which are returned unchanged.
    package private(set) var maskCoefficientCount = 0

    private let sites: [DetectionHead.Site]
    private let logits: [[Float]]
    /// Decoded boxes of the first picture, `[boxes, valuesPerAnchor]`.
    private let boxes: [Float]

    /// Probes a network; nil if it does not decode its boxes as YOLOv5 does.
    ///
    /// - Parameters:
    ///   - model: Network with a fixed input size.
    ///   - sites: Possible heads of the network.
    package init?(_ model: Model, sites: [DetectionHead.Site]) {
        guard let first = sites.first else { return nil }
        let boxCount = sites.reduce(0) { $0 + $1.anchorCount * $1.plane }
        let wanted = TensorShape([first.batch, boxCount, first.valuesPerAnchor])
        guard let output = model.outputs.firstIndex(of: wanted) else { return nil }
        logits = sites.map(Self.logits)
        self.sites = sites
        // A graph of another form cannot be cut at these sites, or its output also depends on something else.
        guard let boxes = try? model.evaluate(output: output, ports: sites.map(\.port), values: logits) else {
            return nil
        }
        self.boxes = boxes
        heads = sites.indices.map(head)
        let kinds = (5..<first.valuesPerAnchor).map(kind)
        classCount = kinds.prefix { $0 == .probability }.count
        maskCoefficientCount = kinds.dropFirst(classCount).prefix { $0 == .logit }.count
        guard classCount > 0, classCount + maskCoefficientCount == kinds.count, decodesAsExpected() else { return nil }
    }

    /// Returns varied numbers in `-2...2`, but 0 in the first cell, so that its box has the size of the anchor.
    private static func logits(for site: DetectionHead.Site) -> [Float] {
        (0..<site.batch * site.count).map { index in
            index % site.plane == 0 ? 0 : Float((index &* 7919) % 129 - 64) / 32
        }
    }

    private func firstBox(of siteIndex: Int) -> Int {
        sites[..<siteIndex].reduce(0) { $0 + $1.anchorCount * $1.plane }
    }

    private func head(_ siteIndex: Int) -> DetectionHead {
        let site = sites[siteIndex]
        let anchors = (0..<site.anchorCount).map { anchor in
            let start = (firstBox(of: siteIndex) + anchor * site.plane) * site.valuesPerAnchor
            return DetectionHead.Anchor(width: boxes[start + 2], height: boxes[start + 3])
        }
        return DetectionHead(stride: site.stride, anchors: anchors, valuesPerAnchor: site.valuesPerAnchor)
    }

    private enum Kind { case probability, logit }

    /// Returns the kind of a value: in the first cell, where logits are 0, probabilities are 0.5.
    private func kind(ofValue value: Int) -> Kind? {
        switch boxes[value] {
        case 0.49...0.51: .probability
        case -0.01...0.01: .logit
        default: nil
        }
    }

    private func decodesAsExpected() -> Bool {
        let areUsable = heads.allSatisfy { head in
            head.anchors.allSatisfy { (0.1...1e5).contains($0.width) && (0.1...1e5).contains($0.height) }
        }
        return areUsable
            && sites.indices.allSatisfy { index in
                (0..<sites[index].anchorCount).allSatisfy { decodesAsExpected(siteIndex: index, anchorIndex: $0) }
            }
    }

    private func decodesAsExpected(siteIndex: Int, anchorIndex: Int) -> Bool {
        let site = sites[siteIndex]
        let stride = Float(site.stride)
        let anchor = heads[siteIndex].anchors[anchorIndex]
        let values = site.valuesPerAnchor
        return (0..<site.plane).allSatisfy { cell in
            let row = (firstBox(of: siteIndex) + anchorIndex * site.plane + cell) * values
            return (0..<values).allSatisfy { value in
                let logit = logits[siteIndex][(anchorIndex * values + value) * site.plane + cell]
                let probability = 1 / (1 + exp(-logit))
                let expected =
                    switch value {
                    case 0: (2 * probability - 0.5 + Float(cell % site.columns)) * stride
                    case 1: (2 * probability - 0.5 + Float(cell / site.columns)) * stride
                    case 2: 4 * probability * probability * anchor.width
                    case 3: 4 * probability * probability * anchor.height
                    case ..<(5 + classCount): probability
                    default: logit
                    }
                // Half-precision constants have a relative error of up to 1/2000.
                return abs(boxes[row + value] - expected) <= 0.002 + 0.002 * abs(expected)
            }
        }
    }
}
