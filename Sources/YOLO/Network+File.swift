package import Imaging
package import Inference
internal import PyTorch

extension Network {
    /// Most values that a network may hold at a time while it runs on a picture of its size: 2 GiB in single precision.
    private static let maximumPeakElementCount = 1 << 29

    /// Reads the network of a file.
    ///
    /// - Throws: `InferenceError` with `invalidModel` when the file holds none of the forms known.
    package init(file: ModelFile, runtime: Runtime) throws {
        try file.check()
        switch file.format {
        case .checkpoint:
            do {
                self = try Network(checkpoint: Checkpoint(path: file.path), runtime: runtime)
            } catch let error as PyTorchError {
                throw InferenceError(.invalidModel, error.message, cause: error)
            }
        case .onnx, .openVINO:
            self = try Network(export: file.path, runtime: runtime)
        }
        labels = labels.map { printable($0, limit: 200) }
        let sized = try sized
        let graph = sized.graph()
        try Self.refuseHuge(graph)
        if file.format == .checkpoint { try checkHeads(sized.outputs) }
        cost = graph.cost
    }

    /// The network as it is for a square picture of its size, or for the one size that it takes.
    package var sized: Model {
        get throws {
            guard isDynamic else { return model }
            return try model.sized(height: inputSide, width: inputSide)
        }
    }

    /// The only size of input that the network takes.
    package var fixedShape: Letterbox.Shape {
        get throws {
            guard let input = model.inputs.first ?? nil, let height = input[2], let width = input[3] else {
                throw InferenceError(.invalidModel, "the network takes no picture of a known size")
            }
            return .fixed(width: width, height: height)
        }
    }

    /// Refuses a network that would take all memory; its shapes must be fixed.
    static func refuseHuge(_ graph: Graph) throws {
        guard graph.peakElementCount <= maximumPeakElementCount else {
            throw InferenceError(
                .invalidModel,
                "it holds more than \(maximumPeakElementCount) values at a time for one picture, which is too many"
            )
        }
    }

    /// Refuses a checkpoint that says of its heads what is not so.
    private func checkHeads(_ outputs: [TensorShape?]) throws {
        guard case .heads(let heads) = layout.boxes else { return }
        for (output, head) in zip(outputs, heads) {
            let cells = inputSide / head.stride
            guard let output, output[2] == cells, output[3] == cells else {
                throw InferenceError(
                    .invalidModel,
                    "a head of stride \(head.stride) gives \(output?.description ?? "an unknown shape") for a picture "
                        + "of \(inputSide) pixels"
                )
            }
        }
    }
}
