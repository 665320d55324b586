package import Inference
package import PyTorch

extension Network {
    /// Builds the network that a YOLOv5 checkpoint holds, cut at its heads.
    ///
    /// - Parameters:
    ///   - checkpoint: What training saved: `{"model": …, "ema": …}`, or a model alone.
    ///   - runtime: The runtime to build it for.
    /// - Throws: `InferenceError` with `invalidModel`, naming the layer, when it holds something that is not known.
    package init(checkpoint: Checkpoint, runtime: Runtime) throws {
        let network = try CheckpointNetwork(checkpoint, runtime: runtime)
        let head = network.head
        try self.init(
            model: network.operations.model(network.outputs),
            layout: OutputLayout(
                boxes: .heads(head.heads),
                classCount: head.classCount,
                maskCoefficientCount: head.maskCoefficientCount
            ),
            labels: network.saved.labels(count: head.classCount),
            inputSide: network.inputSide,
            stride: head.coarsestStride,
            isDynamic: true
        )
    }
}
