package import Imaging
package import Inference
internal import PyTorch

extension Network {
    /// Most values of one tensor while the network runs on a picture of its size; far more than any YOLO has.
    private static let maximumTensorSize = 1 << 28

    /// Reads the network of a file.
    ///
    /// - Throws: `InferenceError` with `invalidModel` when the file holds none of the forms known.
    package init(file: ModelFile, runtime: Runtime) throws {
        try file.check()
        switch file.format {
        case .checkpoint:
            do {
                self = try Network(checkpoint: Checkpoint(path: file.path), runtime: runtime)
                try Self.refuseHugeTensors(in: sized)
                try checkHeads()
            } catch let error as PyTorchError {
                throw InferenceError(.invalidModel, error.message, cause: error)
            }
        case .onnx, .openVINO:
            self = try Network(export: file.path, runtime: runtime)
        }
        labels = labels.map(Self.printable)
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

    /// A class's name as it can be drawn and printed: without control characters, and not endless.
    private static func printable(_ label: String) -> String {
        String(
            String.UnicodeScalarView(
                label.unicodeScalars.prefix(200).filter { $0.properties.generalCategory != .control }
            )
        )
    }

    /// Refuses a network that would take all memory; its shapes must be fixed.
    static func refuseHugeTensors(in model: Model) throws {
        let largest = model.graph().nodes.flatMap(\.outputs).compactMap { $0?.elementCount }.max() ?? 0
        guard largest <= maximumTensorSize else {
            throw InferenceError(.invalidModel, "the network needs tensors of \(largest) values, which is too many")
        }
    }

    /// Refuses a checkpoint that says of its heads what is not so.
    private func checkHeads() throws {
        guard case .heads(let heads) = layout.boxes else { return }
        for (output, head) in zip(try sized.outputs, heads) {
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
