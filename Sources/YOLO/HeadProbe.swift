internal import Glibc
package import Inference

/// Learns how an export decodes its heads by giving it logits and looking at the boxes that come out.
///
/// Exporters and their optimisers write the same decoding in many ways: with the anchors as constants of one size or
/// another, multiplied by the stride or not, computed from the shape, in half precision, cell by cell or scattered.
/// What it makes of known logits is always the same, and also proves that it is the decoding of ``CandidateDecoder``.
package struct HeadProbe {
    /// The heads by rising stride.
    package private(set) var heads: [DetectionHead] = []
    /// Values after the box and objectness that are probabilities of classes.
    package private(set) var classCount = 0
    /// Values after those that come out as they went in.
    package private(set) var maskCoefficientCount = 0

    private let sites: [DetectionHead.Site]
    private let logits: [[Float]]
    /// The first picture's boxes, `[boxes, valuesPerAnchor]`.
    private let boxes: [Float]

    /// Probes a network; nil where it does not decode its boxes as YOLOv5 does.
    ///
    /// - Parameters:
    ///   - model: The network, its input size fixed.
    ///   - sites: What may be its heads.
    package init?(_ model: Model, sites: [DetectionHead.Site]) {
        guard let first = sites.first else { return nil }
        let boxCount = sites.reduce(0) { $0 + $1.anchorCount * $1.plane }
        let wanted = TensorShape([first.batch, boxCount, first.valuesPerAnchor])
        guard let output = model.outputs.firstIndex(of: wanted) else { return nil }
        logits = sites.map(Self.logits)
        self.sites = sites
        // A graph of another form cannot be cut at these sites, or its output depends on more than them.
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

    /// Numbers of all sizes in -2...2, but 0 in the first cell, where the box then is its anchor.
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

    /// In the first cell, where the logit is 0, a probability is a half.
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
                // Constants in half precision are off by up to a two-thousandth.
                return abs(boxes[row + value] - expected) <= 0.002 + 0.002 * abs(expected)
            }
        }
    }
}
