internal import PyTorch

/// The last layer of an anchor-free model: `Detect` or `v10Detect`, or `Segment` or `Segment26`, which add masks.
struct SavedCells {
    let heads: CellHeads
    /// Modules that compute the boxes, the scores and, with masks, the coefficients of each head.
    let branches: [[Module]]
    let classCount: Int
    /// Number of mask coefficients per box; 0 without masks.
    let maskCoefficientCount: Int
    /// Which boxes are returned.
    let selection: OutputLayout.Selection
    /// Module that computes the mask prototypes; nil without masks.
    let prototypes: Module?

    /// - Throws: ``ModuleError`` if the module is invalid.
    init(_ module: Module) throws {
        prototypes = try module.kind.hasPrefix("Segment") ? module.module("proto") : nil
        maskCoefficientCount = prototypes == nil ? 0 : module.integer("nm") ?? 32
        // End-to-end models have heads that return many boxes for each object, too. The package uses those, unless the
        // model says otherwise or has lost them.
        let isEndToEnd =
            module.optionalModule("one2one_cv2") != nil
            && (module.bool("_end2end") ?? false || module.optionalModule("cv2") == nil)
        let names = ["cv2", "cv3"] + (prototypes == nil ? [] : ["cv4"])
        let columns = try names.map { try module.module(isEndToEnd ? "one2one_\($0)" : $0).modules }
        let strides = try module.requiredFloats("stride").map { Int(exactly: $0) ?? 0 }
        let bins = module.integer("reg_max") ?? 16
        guard let classCount = module.integer("nc"), (1...10_000).contains(classCount), (1...256).contains(bins),
            (0...1024).contains(maskCoefficientCount), (1...16).contains(strides.count),
            strides.allSatisfy({ (1...1024).contains($0) }), columns.allSatisfy({ $0.count == strides.count })
        else { throw module.error("has invalid classes, strides or numbers of values") }
        self.classCount = classCount
        branches = strides.indices.map { head in columns.map { $0[head] } }
        heads = CellHeads(strides: strides, bins: bins)
        selection = isEndToEnd ? .everyClass : .suppressed
    }

    /// Numbers of channels of a head's outputs.
    var channels: [Int] {
        [4 * heads.bins, classCount] + (maskCoefficientCount > 0 ? [maskCoefficientCount] : [])
    }
}
