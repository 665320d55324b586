internal import Inference
internal import PyTorch

/// The network of a checkpoint, built layer by layer.
///
/// - SeeAlso: Ultralytics YOLOv5 v7.0, `models/yolo.py`, `BaseModel._forward_once`.
struct CheckpointNetwork {
    let saved: SavedModel
    let head: SavedHead
    let operations: NetworkBuilder
    /// Output of each layer except the last, which is the head.
    let values: [NetworkBuilder.Value]
    /// Outputs of the heads by ascending stride, followed by the mask prototypes if there are any.
    let outputs: [NetworkBuilder.Value]

    /// - Throws: ``YOLOError`` with `invalidModel`, naming the layer, if a layer is unsupported or invalid.
    init(_ checkpoint: Checkpoint, runtime: Runtime) throws {
        saved = try SavedModel(checkpoint)
        operations = try NetworkBuilder(runtime: runtime)
        do {
            // Each weight takes at least one byte of the file, so only shared weights can exceed this limit.
            var builder = LayerBuilder(operations, maximumWeights: checkpoint.byteCount)
            var values: [NetworkBuilder.Value] = []
            for layer in saved.layers.dropLast() {
                values.append(try builder.build(layer.module, layer.inputs(among: values, or: operations.input)))
            }
            self.values = values
            let last = try saved.lastLayer
            head = try SavedHead(last.module)
            outputs = try builder.build(head, of: last.module, last.inputs(among: values, or: operations.input))
        } catch let error as ModuleError {
            throw YOLOError(.invalidModel, error.message)
        }
    }

    /// Longest side that the network is meant for, in pixels: that of its training, or YOLOv5's default if unknown.
    ///
    /// Rounded up to a multiple of the coarsest stride.
    var inputSide: Int {
        let side = saved.inputSide ?? (head.coarsestStride > 32 ? 1280 : 640)
        return (side + head.coarsestStride - 1) / head.coarsestStride * head.coarsestStride
    }
}

extension LayerBuilder {
    /// Builds the heads and the mask prototypes, and returns their outputs.
    fileprivate mutating func build(_ head: SavedHead, of module: Module, _ inputs: [Value]) throws -> [Value] {
        guard inputs.count == head.convolutions.count else {
            throw module.error("has \(head.convolutions.count) heads and \(inputs.count) inputs, which must match")
        }
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
        if let prototypes = head.prototypes {
            outputs.append(try build(prototypes, inputs[0]))
            guard operations.channels(of: outputs[outputs.count - 1]) == head.maskCoefficientCount else {
                throw module.error("has prototypes that do not match its \(head.maskCoefficientCount) coefficients")
            }
        }
        return outputs
    }
}
