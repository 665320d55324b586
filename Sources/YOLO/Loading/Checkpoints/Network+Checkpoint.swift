internal import Inference

extension Network {
    /// Creates a network from a checkpoint, cut at its heads.
    init(_ checkpoint: CheckpointNetwork, _ settings: ModelSettings = ModelSettings()) throws {
        let layout = checkpoint.head.layout
        let stride = checkpoint.head.coarsestStride
        let inputSide = settings.size ?? checkpoint.inputSide
        guard inputSide.isMultiple(of: stride) else {
            throw YOLOError(
                .invalidModel,
                "its stride is \(stride), but the file beside it sets 'size' to \(inputSide)"
            )
        }
        try settings.checkNames(count: layout.classCount)
        let labels = checkpoint.saved.labels(count: layout.classCount)
        let names = settings.names ?? []
        try self.init(
            model: checkpoint.operations.model(checkpoint.outputs),
            layout: layout,
            format: checkpoint.head.format.with(settings),
            family: checkpoint.saved.family.map { ModelFamily(name: $0) },
            labels: labels.indices.map { $0 < names.count ? names[$0] : labels[$0] },
            inputSide: inputSide,
            stride: stride,
            isDynamic: true
        )
    }
}
