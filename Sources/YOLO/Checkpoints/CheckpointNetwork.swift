internal import Inference
internal import PyTorch

/// A checkpoint's model, built layer by layer.
///
/// - SeeAlso: Ultralytics YOLOv5 v7.0, `models/yolo.py`, `BaseModel._forward_once`.
struct CheckpointNetwork {
    let saved: SavedModel
    let head: SavedHead
    let operations: NetworkBuilder
    /// What each layer gives but the last, which is the head.
    let values: [NetworkBuilder.Value]
    /// What the heads give, by rising stride, and then the prototypes of masks where there are some.
    let outputs: [NetworkBuilder.Value]

    /// - Throws: `InferenceError` with `invalidModel`, naming the layer, when it holds something that is not known.
    init(_ checkpoint: Checkpoint, runtime: Runtime) throws {
        saved = try SavedModel(checkpoint)
        operations = try NetworkBuilder(runtime: runtime)
        do {
            // A weight takes a byte of the file at least; only shared ones could be more than it has.
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
            throw InferenceError(.invalidModel, error.message)
        }
    }

    /// Longest side that the network is meant for, in pixels: what it was trained for, else what its release was.
    var inputSide: Int {
        let side = saved.inputSide ?? (head.coarsestStride > 32 ? 1280 : 640)
        return (side + head.coarsestStride - 1) / head.coarsestStride * head.coarsestStride
    }
}

extension LayerBuilder {
    /// Builds the heads and the prototypes.
    fileprivate mutating func build(_ head: SavedHead, of module: Module, _ inputs: [Value]) throws -> [Value] {
        guard inputs.count == head.convolutions.count else {
            throw module.error("has \(head.convolutions.count) heads and \(inputs.count) inputs")
        }
        var outputs: [Value] = []
        for (convolution, input) in zip(head.convolutions, inputs) {
            let output = try build(convolution, input)
            guard operations.channels(of: output) == head.anchorCount * head.valuesPerAnchor else {
                throw module.error(
                    "has a head of \(operations.channels(of: output)) channels, which is not what it says"
                )
            }
            outputs.append(output)
        }
        if let prototypes = head.prototypes {
            outputs.append(try build(prototypes, inputs[0]))
            guard operations.channels(of: outputs[outputs.count - 1]) == head.maskCoefficientCount else {
                throw module.error("has other prototypes than its \(head.maskCoefficientCount) coefficients")
            }
        }
        return outputs
    }
}
