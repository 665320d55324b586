package import Inference

extension Network {
    /// Reads an export: a YOLOv5 network, or one of the later anchor-free ones.
    ///
    /// Where the heads are found the network is cut there, and takes pictures of any shape whatever size it was
    /// exported for. Else it runs as it was exported.
    /// - Parameters:
    ///   - file: An ONNX file, or the .xml file of an OpenVINO IR.
    ///   - runtime: The runtime that is to run it.
    /// - Throws: `InferenceError` with `invalidModel` when the file cannot be read, or is no network that finds boxes
    ///   in pictures; the message says what was found and what to do.
    package init(export file: String, runtime: Runtime) throws {
        let model: Model
        do {
            model = try Model(path: file, runtime: runtime)
        } catch let error as InferenceError {
            throw InferenceError(.invalidModel, "it is damaged, or no model that OpenVINO reads", cause: error)
        }
        let export = ExportedModel(model: model)
        try export.refuseOtherTasks()
        let size = try export.fixSize()
        try Self.refuseHuge(model.graph())
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
        self.init(
            model: model,
            layout: OutputLayout(
                boxes: .heads(probe.heads),
                classCount: probe.classCount,
                maskCoefficientCount: probe.maskCoefficientCount
            ),
            labels: export.labels(count: probe.classCount),
            inputSide: export.inputSide(size, stride: stride),
            stride: stride,
            isDynamic: isDynamic
        )
    }

    private init(whole export: ExportedModel, size: ExportedModel.Size) throws {
        let layout = try export.wholeLayout(size)
        let stride = export.stride
        guard size.height.isMultiple(of: stride), size.width.isMultiple(of: stride) else {
            throw export.refusal(
                "takes pictures of \(size.width)x\(size.height), which are no multiples of its stride of \(stride)",
                "export it for sides that are"
            )
        }
        let canVary: Bool
        do {
            canVary = try Self.canVary(export.model, from: size)
        } catch {
            throw export.refusal(
                "takes several pictures at once, \(export.model.inputs[0]?.description ?? "")",
                "export it for one (--batch-size 1)"
            )
        }
        let isDynamic = size.isFree && canVary
        var reason = "its boxes are decoded in the graph, in a way that is not YOLOv5's"
        if !isDynamic { reason += "; it takes pictures of \(size.width)x\(size.height) only" }
        self.init(
            model: export.model,
            layout: layout,
            labels: export.labels(count: layout.classCount),
            inputSide: export.inputSide(size, stride: stride),
            stride: stride,
            isDynamic: isDynamic,
            uncutReason: isDynamic && layout.boxes == .columns ? nil : reason
        )
    }

    /// Whether height and width may vary: an exporter may have fixed a size in the middle of the graph.
    ///
    /// That shows when another size is tried: outputs whose shapes are not in proportion, or none at all. The network is
    /// left with the size that it was given, for one picture.
    /// - Throws: `InferenceError` when it does not even take one picture of that size.
    private static func canVary(_ model: Model, from size: ExportedModel.Size) throws -> Bool {
        try model.reshape(height: size.height, width: size.width)
        let counts = model.outputs.map { $0?.elementCount }
        do {
            try model.reshape(height: size.height * 2, width: size.width * 3)
        } catch {
            // The network keeps the size that it had.
            return false
        }
        let isInProportion = zip(counts, model.outputs).allSatisfy { count, larger -> Bool in
            guard let count, let larger = larger?.elementCount else { return false }
            return larger.isMultiple(of: 6) && larger / 6 == count
        }
        try model.reshape(height: size.height, width: size.width)
        return isInProportion
    }
}
