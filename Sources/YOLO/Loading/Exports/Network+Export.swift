internal import Inference

extension Network {
    /// Creates a network from an export.
    ///
    /// If its heads are found, the network is cut there and accepts pictures of any shape, whatever size it was
    /// exported for, unless that size is fixed in the middle of the graph. Otherwise it runs as exported.
    /// - Throws: ``YOLOError`` with `invalidModel` if the network does not detect boxes; the message says what was
    ///   found and what to do.
    init(_ export: ExportedModel) throws {
        var export = export
        try export.rejectOtherTasks()
        let size = try export.fixSize()
        try Self.rejectHuge(export.model.graph())
        let sites = DetectionHead.sites(in: export.model)
        if let probe = HeadProbe(export.model, sites: sites) {
            try self.init(cutting: export, at: sites, probe: probe, size: size)
        } else {
            try self.init(whole: export, size: size)
        }
    }

    private init(
        cutting export: ExportedModel,
        at sites: [DetectionHead.Site],
        probe: HeadProbe,
        size: ExportedModel.Size
    ) throws {
        var ports = sites.map(\.port)
        if probe.maskCoefficientCount > 0 {
            ports.append(export.model.port(ofOutput: try export.prototypes(count: probe.maskCoefficientCount, size)))
        }
        let model = try export.model.cut(at: ports)
        let isDynamic = try Self.canVary(model, from: size)
        let stride = probe.heads.map(\.stride).max() ?? export.stride
        try self.init(
            model: model,
            layout: OutputLayout(
                boxes: .heads(probe.heads),
                classCount: probe.classCount,
                maskCoefficientCount: probe.maskCoefficientCount
            ),
            format: export.format(of: .usual),
            family: export.family(found: .anchored),
            labels: export.labels(count: probe.classCount),
            inputSide: export.inputSide(size, stride: stride, isDynamic: isDynamic),
            stride: stride,
            isDynamic: isDynamic
        )
    }

    private init(whole export: ExportedModel, size: ExportedModel.Size) throws {
        let canVary: Bool
        do {
            canVary = try Self.canVary(export.model, from: size)
        } catch {
            throw export.refusal(
                "expects several pictures at once, \(export.model.inputs[0]?.description ?? "")",
                "export it for one (--batch-size 1)"
            )
        }
        let whole = try export.whole(size)
        let isDynamic = size.isFree && canVary && whole.isUnchanged
        let areMultiples = [size.height, size.width].allSatisfy { $0.isMultiple(of: export.stride) }
        guard areMultiples || !isDynamic else {
            throw export.refusal(
                "expects pictures of \(size.width)x\(size.height), which are not multiples of its stride of "
                    + "\(export.stride)",
                "export it for sides that are"
            )
        }
        var reason = whole.reason
        if let family = whole.family, ![.usual, .exact].contains(whole.format) {
            reason += "; pictures are prepared as for \(family.name)"
        }
        if !isDynamic { reason += "; it accepts only pictures of \(size.width)x\(size.height)" }
        // A size that is fixed may be any.
        let stride = areMultiples ? export.stride : 1
        try self.init(
            model: whole.model,
            layout: whole.layout,
            format: export.format(of: whole.format),
            family: export.family(found: whole.family),
            labels: export.labels(count: whole.layout.classCount),
            inputSide: export.inputSide(size, stride: stride, isDynamic: isDynamic),
            stride: stride,
            isDynamic: isDynamic,
            uncutReason: isDynamic && whole.layout.boxes == .columns ? nil : reason
        )
    }

    /// Returns whether height and width may vary: an exporter may have fixed a size in the middle of the graph.
    ///
    /// Tries another size: if one is fixed, reshaping fails or the output shapes are out of proportion. Afterwards the
    /// network has the given size, for one picture.
    /// - Throws: ``InferenceError`` if the network does not accept a single picture of that size.
    private static func canVary(_ model: Model, from size: ExportedModel.Size) throws -> Bool {
        try model.reshape(height: size.height, width: size.width)
        let shapes = model.outputs
        do {
            try model.reshape(height: size.height * 2, width: size.width * 3)
        } catch {
            // A failed reshape leaves the size unchanged.
            return false
        }
        let isInProportion = zip(shapes, model.outputs).allSatisfy { shape, larger in
            guard let shape = shape?.dimensions.compactMap(\.self), let larger = larger?.dimensions.compactMap(\.self),
                shape.count == larger.count
            else { return false }
            // Rows and columns grow, or the number of boxes, and nothing else.
            let isMap = shape.count == 4 && larger == [shape[0], shape[1], shape[2] * 2, shape[3] * 3]
            let grown = zip(shape, larger).filter { $0 != $1 }
            return isMap || (grown.count == 1 && grown[0].1 == 6 * grown[0].0)
        }
        try model.reshape(height: size.height, width: size.width)
        return isInProportion
    }
}
