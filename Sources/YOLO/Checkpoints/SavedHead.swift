internal import PyTorch

/// The last layer of a checkpoint's model: `Detect`, or `Segment`, which is one with prototypes.
struct SavedHead {
    let heads: [DetectionHead]
    /// The convolutions that give the heads' outputs, by rising stride.
    let convolutions: [Module]
    let classCount: Int
    /// 0 without masks.
    let maskCoefficientCount: Int
    /// What gives the prototypes of masks.
    let prototypes: Module?

    /// - Throws: ``ModuleError`` when the module is no head of YOLOv5's, or makes no sense.
    init(_ module: Module) throws {
        guard ["Detect", "Segment"].contains(module.kind) else {
            throw module.error(
                "is not the last layer of a YOLOv5 detection or segmentation model; export the model to ONNX, and serve that"
            )
        }
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
        else { throw module.error("has classes, anchors or strides that make no sense") }
        self.classCount = classCount
        let valuesPerAnchor = 5 + classCount + maskCoefficientCount
        let anchorCount = anchors.shape[1]
        // Saved in cells of their head.
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
