internal import Inference
internal import PyTorch

/// The network of a checkpoint, built layer by layer.
///
/// - SeeAlso: Ultralytics YOLOv5 v7.0, `models/yolo.py`, `BaseModel._forward_once`; Ultralytics 8.4, `nn/tasks.py`,
///   `BaseModel._predict_once`.
struct CheckpointNetwork {
    /// The last layer.
    enum Head {
        case anchors(SavedHead)
        case cells(SavedCells)
    }

    let saved: SavedModel
    let head: Head
    let operations: NetworkBuilder
    /// Outputs of each layer except the last, which is the head.
    let values: [[NetworkBuilder.Value]]
    /// Outputs of the heads by ascending stride, followed by the mask prototypes if there are any.
    let outputs: [NetworkBuilder.Value]

    /// - Throws: ``YOLOError`` with `invalidModel`, naming the layer, if a layer is unsupported or invalid.
    init(_ checkpoint: Checkpoint, runtime: Runtime) throws {
        saved = try SavedModel(checkpoint)
        operations = try NetworkBuilder(runtime: runtime)
        do {
            let last = try saved.lastLayer
            head = try Head(last.module)
            // Each weight takes at least one byte of the file, so only shared weights can exceed this limit.
            var builder = LayerBuilder(operations, maximumWeights: checkpoint.byteCount)
            var values: [[NetworkBuilder.Value]] = []
            for layer in saved.layers.dropLast() {
                let inputs = try layer.inputs(among: values, or: [operations.input])
                values.append(try builder.buildLayer(layer.module, inputs))
            }
            self.values = values
            let inputs = try last.inputs(among: values, or: [operations.input]).flatMap(\.self)
            outputs =
                switch head {
                case .anchors(let head): try builder.build(head, of: last.module, inputs)
                case .cells(let head): try builder.build(head, of: last.module, inputs)
                }
        } catch let error as ModuleError {
            throw YOLOError(.invalidModel, error.message)
        }
    }

    /// Longest side that the network is meant for, in pixels: that of its training, or the usual one if unknown.
    ///
    /// Rounded up to a multiple of the coarsest stride.
    var inputSide: Int {
        let side = saved.inputSide ?? (head.coarsestStride > 32 ? 1280 : 640)
        return (side + head.coarsestStride - 1) / head.coarsestStride * head.coarsestStride
    }
}

extension CheckpointNetwork.Head {
    /// - Throws: ``ModuleError`` if the module is not a supported head, or is invalid.
    init(_ module: Module) throws {
        switch module.kind {
        // Without anchors, there are no convolutions `m`.
        case "Detect", "Segment":
            let hasAnchors = module.optionalModule("m") != nil || !module.className.hasPrefix("ultralytics.")
            self = hasAnchors ? .anchors(try SavedHead(module)) : .cells(try SavedCells(module))
        case "v10Detect", "Segment26": self = .cells(try SavedCells(module))
        case let kind:
            let task =
                switch kind {
                case "Pose", "Pose26": "is the head of a pose model"
                case "OBB", "OBB26": "is the head of a model for oriented boxes"
                case "Classify": "is the head of a classification model"
                case "SemanticSegment": "is the head of a semantic segmentation model"
                case "Depth": "is the head of a depth model"
                default: "is not the last layer of a YOLO detection or segmentation model"
                }
            throw module.error(
                "\(task): detection and instance segmentation are served (Detect, v10Detect, Segment, Segment26); "
                    + "export other detection models to ONNX, and serve that instead"
            )
        }
    }

    var layout: OutputLayout {
        switch self {
        case .anchors(let head):
            OutputLayout(
                boxes: .heads(head.heads),
                classCount: head.classCount,
                maskCoefficientCount: head.maskCoefficientCount
            )
        case .cells(let head):
            OutputLayout(
                boxes: .cells(head.heads),
                classCount: head.classCount,
                maskCoefficientCount: head.maskCoefficientCount,
                selection: head.selection
            )
        }
    }

    var format: InputFormat {
        switch self {
        case .anchors: .usual
        case .cells: .exact
        }
    }

    var coarsestStride: Int {
        switch self {
        case .anchors(let head): head.coarsestStride
        case .cells(let head): head.heads.strides.max() ?? 32
        }
    }
}

extension LayerBuilder {
    /// Builds the heads and the mask prototypes of a YOLOv5 model, and returns their outputs.
    fileprivate mutating func build(_ head: SavedHead, of module: Module, _ inputs: [Value]) throws -> [Value] {
        try check(inputs, match: head.convolutions.count, in: module)
        var outputs: [Value] = []
        for (convolution, input) in zip(head.convolutions, inputs) {
            let output = try build(convolution, input)
            guard operations.channels(of: output) == head.anchorCount * head.valuesPerAnchor else {
                throw module.error(
                    "has a head of \(operations.channels(of: output)) channels, which does not match its classes, "
                        + "anchors and mask coefficients"
                )
            }
            outputs.append(output)
        }
        return try outputs + prototypes(head.prototypes, count: head.maskCoefficientCount, of: module, inputs)
    }

    /// Builds the heads and the mask prototypes of an anchor-free model, and returns their outputs.
    fileprivate mutating func build(_ head: SavedCells, of module: Module, _ inputs: [Value]) throws -> [Value] {
        try check(inputs, match: head.branches.count, in: module)
        var outputs: [Value] = []
        for (branches, input) in zip(head.branches, inputs) {
            for (branch, channels) in zip(branches, head.channels) {
                let output = try build(branch, input)
                guard operations.channels(of: output) == channels else {
                    throw module.error(
                        "has a head of \(operations.channels(of: output)) channels instead of \(channels)"
                    )
                }
                outputs.append(output)
            }
        }
        return try outputs + prototypes(head.prototypes, count: head.maskCoefficientCount, of: module, inputs)
    }

    private func check(_ inputs: [Value], match heads: Int, in module: Module) throws {
        guard inputs.count == heads else {
            throw module.error("has \(heads) heads and \(inputs.count) inputs, which must match")
        }
    }

    /// Builds the mask prototypes, if there are any: from all inputs, or from the finest.
    private mutating func prototypes(
        _ prototypes: Module?,
        count: Int,
        of module: Module,
        _ inputs: [Value]
    ) throws -> [Value] {
        guard let prototypes else { return [] }
        let output = try prototypes.kind == "Proto26" ? proto26(prototypes, inputs) : build(prototypes, inputs[0])
        guard operations.channels(of: output) == count else {
            throw module.error("has prototypes that do not match its \(count) coefficients")
        }
        return [output]
    }
}
