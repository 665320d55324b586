internal import PyTorch

/// The last layer of a YOLOv5 model: `Detect`, or `Segment`, which adds mask prototypes.
struct SavedHead {
    let heads: [DetectionHead]
    /// Convolutions that compute the heads' outputs, by ascending stride.
    let convolutions: [Module]
    let classCount: Int
    /// Number of mask coefficients per box; 0 without masks.
    let maskCoefficientCount: Int
    /// Module that computes the mask prototypes; nil without masks.
    let prototypes: Module?

    /// - Throws: ``ModuleError`` if the module is invalid.
    init(_ module: Module) throws {
        prototypes = try module.kind == "Segment" ? module.module("proto") : nil
        convolutions = try module.module("m").modules
        maskCoefficientCount = prototypes == nil ? 0 : module.integer("nm") ?? 32
        let anchors = try module.tensor("anchors")
        let sizes = try module.requiredFloats("anchors")
        let strides = try module.requiredFloats("stride").map { Int(exactly: $0) ?? 0 }
        guard let classCount = module.integer("nc"), (1...10_000).contains(classCount),
            (0...1024).contains(maskCoefficientCount), anchors.shape.count == 3, anchors.shape[2] == 2,
            anchors.shape[0] == convolutions.count, strides.count == convolutions.count, !strides.isEmpty,
            strides.allSatisfy({ (1...1024).contains($0) }), sizes.allSatisfy({ $0.isFinite && $0 > 0 })
        else { throw module.error("has invalid classes, anchors or strides") }
        self.classCount = classCount
        let valuesPerAnchor = 5 + classCount + maskCoefficientCount
        let anchorCount = anchors.shape[1]
        // Anchors are saved in cells of their head.
        heads = strides.enumerated().map { index, stride in
            DetectionHead(
                stride: stride,
                anchors: (0..<anchorCount).map { anchor in
                    let start = (index * anchorCount + anchor) * 2
                    return DetectionHead.Anchor(
                        width: sizes[start] * Float(stride),
                        height: sizes[start + 1] * Float(stride)
                    )
                },
                valuesPerAnchor: valuesPerAnchor
            )
        }
    }

    var anchorCount: Int { heads.first?.anchors.count ?? 0 }
    var valuesPerAnchor: Int { heads.first?.valuesPerAnchor ?? 0 }
    var coarsestStride: Int { heads.map(\.stride).max() ?? 32 }
}
