internal import Inference

extension Network {
    /// Creates a network from a checkpoint, cut at its heads.
    init(_ checkpoint: CheckpointNetwork) throws {
        let layout = checkpoint.head.layout
        try self.init(
            model: checkpoint.operations.model(checkpoint.outputs),
            layout: layout,
            labels: checkpoint.saved.labels(count: layout.classCount),
            inputSide: checkpoint.inputSide,
            stride: checkpoint.head.coarsestStride,
            isDynamic: true
        )
    }
}
