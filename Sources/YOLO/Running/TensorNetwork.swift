package import Inference

/// A network as its file defines it, without any processing of pictures: tensors in, tensors out.
package final class TensorNetwork: Sendable {
    /// An input or output.
    package struct Port: Hashable, Sendable {
        package var name: String
        package var element: TensorElement
        /// Sizes by axis, outermost first; nil for one that depends on the input.
        package var dimensions: [Int?]
    }

    /// The inputs; their shapes are fixed.
    package let inputs: [Port]
    /// The outputs.
    package let outputs: [Port]
    /// What exports of YOLOv5 and its successors state about themselves: `names` and `stride`.
    package let metadata: [String: String]

    private let compiled: CompiledPair

    /// Loads and compiles a network.
    ///
    /// An export is used as it is, at the size that it is served at, but in single instead of half precision; a checkpoint
    /// as its exports are, with decoded boxes.
    init(
        _ source: ModelSource,
        compilation: CompileOptions,
        cacheDirectory: String?,
        runtime: Runtime
    ) throws(YOLOError) {
        let network = try Network(source, runtime: runtime)
        metadata = network.metadata
        (inputs, outputs, compiled) = try YOLOError.wrapping {
            let model = try Self.model(of: network, source, runtime: runtime)
            try model.widen()
            try Network.rejectHuge(model.graph())
            let inputs = try Self.ports(model.inputTensors, called: "images")
            guard inputs.allSatisfy({ !$0.dimensions.contains(nil) }) else {
                throw YOLOError(.invalidModel, "the shapes of its inputs are not fixed")
            }
            return (
                inputs, try Self.ports(model.outputTensors, called: "output"),
                try CompiledPair(model, compilation, cacheDirectory: cacheDirectory)
            )
        }
    }

    private static func model(of network: Network, _ source: ModelSource, runtime: Runtime) throws -> Model {
        guard source.file.format != .checkpoint else { return try network.decoded }
        // Reading the network has changed the one in the source.
        let model = try Model(path: source.file.path, runtime: runtime)
        guard model.inputs.count == 1 else { return try network.sized }
        if let input = model.inputs[0], input.elementCount == nil {
            try model.reshape(height: network.inputSide, width: network.inputSide)
        }
        return model
    }

    private static func ports(_ tensors: [Model.Tensor], called name: String) throws(YOLOError) -> [Port] {
        var ports: [Port] = []
        for (index, tensor) in tensors.enumerated() {
            guard let element = TensorElement(rawValue: tensor.type), let shape = tensor.shape else {
                throw YOLOError(.invalidModel, "it has tensors of the type \(tensor.type), which are not supported")
            }
            let name = tensor.name ?? (name == "images" && index == 0 ? name : "\(name)\(index)")
            ports.append(Port(name: name, element: element, dimensions: shape.dimensions))
        }
        return ports
    }

    /// Runs the network.
    ///
    /// - Parameters:
    ///   - mode: How to use the CPU cores.
    ///   - fill: Fills the memory of an input, by its index.
    ///   - output: Receives the elements and shapes of the outputs, valid only during the call.
    /// - Returns: The result of `output`.
    /// - Throws: `InferenceError` if running the network fails; errors of `fill` and `output`.
    package func infer<Result: Sendable>(
        mode: PerformanceMode,
        fill: (Int, UnsafeMutableRawBufferPointer) throws -> Void,
        output: ([(bytes: UnsafeRawBufferPointer, dimensions: [Int])]) throws -> Result
    ) async throws -> Result {
        try await compiled[mode].withRequest { request in
            for index in inputs.indices {
                try request.withInputBytes(index) { try fill(index, $0) }
            }
            try await request.infer()
            return try request.withOutputBytes(output)
        }
    }
}
