internal import Inference

extension Network {
    /// Creates a network from a YOLOv5 checkpoint, cut at its heads.
    init(_ checkpoint: CheckpointNetwork) throws {
        let head = checkpoint.head
        try self.init(
            model: checkpoint.operations.model(checkpoint.outputs),
            layout: OutputLayout(
                boxes: .heads(head.heads),
                classCount: head.classCount,
                maskCoefficientCount: head.maskCoefficientCount
            ),
            labels: checkpoint.saved.labels(count: head.classCount),
            inputSide: checkpoint.inputSide,
            stride: head.coarsestStride,
            isDynamic: true
        )
    }
}
