internal import COpenVINO

/// A network that was read, built or cut from another one, before it is compiled.
///
/// Not safe to share between threads: preparing it modifies it.
package final class Model {
    private let runtime: Runtime
    private let handle: OpaquePointer

    /// Reads a network from a file.
    ///
    /// - Parameters:
    ///   - path: An ONNX file, or the .xml file of an OpenVINO IR with its .bin file in the same folder.
    ///   - runtime: Runtime that will compile the network.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/invalidModel`` if the file cannot be read.
    package init(path: String, runtime: Runtime) throws {
        var read: OpaquePointer?
        try check(cov_model_read(runtime.handle, path, &read))
        handle = try unwrap(read)
        self.runtime = runtime
    }

    init(handle: OpaquePointer, runtime: Runtime) {
        self.handle = handle
        self.runtime = runtime
    }

    deinit { cov_model_free(handle) }

    /// Returns the network that a function of the bridge creates from this one.
    func converted(_ create: (OpaquePointer, UnsafeMutablePointer<OpaquePointer?>) -> COVStatus) throws -> Model {
        var result: OpaquePointer?
        try check(create(handle, &result))
        return Model(handle: try unwrap(result), runtime: runtime)
    }

    /// Modifies the network with a function of the bridge.
    func modify(_ change: (OpaquePointer) -> COVStatus) throws { try check(change(handle)) }

    /// Shapes of the inputs; nil if the number of axes is not fixed or exceeds 8.
    package var inputs: [TensorShape?] {
        (0..<cov_model_input_count(handle)).map { TensorShape(cov_model_input_shape(handle, $0)) }
    }

    /// Shapes of the outputs; nil if the number of axes is not fixed or exceeds 8.
    package var outputs: [TensorShape?] {
        (0..<cov_model_output_count(handle)).map { TensorShape(cov_model_output_shape(handle, $0)) }
    }

    /// An input or output.
    package struct Tensor: Sendable {
        /// A name; nil if it has none.
        package var name: String?
        /// OpenVINO's name of the type of its elements, such as `f32`.
        package var type: String
        /// nil if the number of axes is not fixed or exceeds 8.
        package var shape: TensorShape?
    }

    /// The inputs with their names and types.
    package var inputTensors: [Tensor] {
        inputs.enumerated().map { tensor($1, isInput: true, index: $0) }
    }

    /// The outputs with their names and types.
    package var outputTensors: [Tensor] {
        outputs.enumerated().map { tensor($1, isInput: false, index: $0) }
    }

    private func tensor(_ shape: TensorShape?, isInput: Bool, index: Int) -> Tensor {
        let name = String(cString: cov_model_tensor_name(handle, isInput, index))
        let type = String(cString: cov_model_tensor_type(handle, isInput, index))
        return Tensor(name: name.isEmpty ? nil : name, type: type, shape: shape)
    }

    /// Whether a name of an output ends in `suffix`.
    package func hasOutput(_ index: Int, named suffix: String) -> Bool { cov_model_has_output(handle, index, suffix) }

    /// Returns the operations, read again on every call because preparing the model changes them.
    package func graph() -> Graph { Graph(of: handle) }

    /// Returns the text that the exporter stored under `key`, such as YOLOv5's `names` or `stride`, or nil.
    package func metadata(_ key: String) -> String? {
        cov_model_metadata(handle, key).map { String(cString: $0) }
    }

    /// Returns the port that feeds an output of the model.
    package func port(ofOutput index: Int) -> Graph.Port {
        let port = cov_model_output_port(handle, index)
        return Graph.Port(node: port.node, output: port.output)
    }

    /// Reshapes the only input to `[batch, 3, height, width]`; nil leaves an axis dynamic.
    ///
    /// - Throws: ``InferenceError`` if the network does not support that size; the previous size is then kept.
    package func reshape(batch: Int? = 1, height: Int?, width: Int?) throws {
        try check(cov_model_reshape(handle, Int64(batch ?? -1), Int64(height ?? -1), Int64(width ?? -1)))
    }

    /// Computes an output from values given at ports inside the graph, without running the operations before the ports.
    ///
    /// - Parameters:
    ///   - output: Index of the output.
    ///   - ports: Ports of fixed shape that together determine the output.
    ///   - values: Values of each port in row-major order, one per element of its shape.
    ///   - maximumCount: Maximum number of values of an output whose shape is not fixed.
    /// - Returns: The output's values in row-major order, computed in single precision.
    /// - Throws: ``InferenceError`` if the output also depends on anything else, or if a shape is not fixed.
    package func evaluate(
        output: Int,
        ports: [Graph.Port],
        values: [[Float]],
        maximumCount: Int? = nil
    ) throws -> [Float] {
        precondition(ports.count == values.count, "each port needs values")
        let graph = graph()
        for (port, values) in zip(ports, values) {
            guard graph.nodes[port.node].outputs[port.output]?.elementCount == values.count else {
                throw InferenceError(.invalidArgument, "the number of values does not match the shape of the port")
            }
        }
        guard let capacity = outputs[output]?.elementCount ?? maximumCount else {
            throw InferenceError(.invalidArgument, "the shape of the output is not fixed")
        }
        var result = [Float](repeating: 0, count: capacity)
        var count = 0
        let ends = ports.map { COVPort(node: $0.node, output: $0.output) }
        // All values share one buffer, so that a single pointer serves all ports.
        let joined = Array(values.joined())
        try joined.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            let starts = values.map { values in
                defer { start = start?.advanced(by: values.count) }
                return start
            }
            try check(
                cov_model_evaluate(
                    runtime.handle,
                    handle,
                    output,
                    ends,
                    starts,
                    ends.count,
                    &result,
                    capacity,
                    &count
                )
            )
        }
        return Array(result.prefix(count))
    }

    /// Returns a network that computes the given ports of this one from the same input.
    package func cut(at ports: [Graph.Port]) throws -> Model {
        let ends = ports.map { COVPort(node: $0.node, output: $0.output) }
        return try converted { cov_model_cut($0, ends, ends.count, $1) }
    }

    /// Makes the network accept `[1, height, width, 3]` pixels, `UInt8` RGB, and return `Float` values.
    ///
    /// The conversion to the original input, `[1, 3, height, width]` in `0...1`, becomes part of the network.
    /// - Parameter dynamicSize: Whether height and width may differ from call to call.
    /// - Throws: ``InferenceError`` if the network's input has another form, or does not support dynamic sizes.
    package func takePixels(dynamicSize: Bool) throws {
        try check(cov_model_take_pixels(handle, dynamicSize))
    }

    /// Makes inputs and outputs of half precision accept and return single precision.
    package func widen() throws { try check(cov_model_widen(handle)) }

    /// Returns a copy of the network for a single picture size, which fixes the shapes in its graph.
    ///
    /// - Throws: ``InferenceError`` if the network does not support that size.
    package func sized(height: Int, width: Int) throws -> Model {
        try converted { cov_model_sized($0, height, width, $1) }
    }

    /// Returns a copy of the network that also decodes its boxes, as YOLOv5's exports do; its size must be fixed.
    ///
    /// - Parameters:
    ///   - heads: For each of the first outputs, `[1, anchors * values, rows, columns]`: the stride in pixels per cell,
    ///     and the width and height of each anchor in pixels, in alternation.
    ///   - classCount: Number of class probabilities, which follow the box and objectness.
    /// - Returns: A network with the output `[1, boxes, values]`, followed by the remaining outputs of this one.
    /// - Throws: ``InferenceError`` if the outputs cannot be decoded this way.
    package func decoded(heads: [(stride: Int, anchors: [Float])], classCount: Int) throws -> Model {
        let anchors = heads.flatMap(\.anchors)
        return try anchors.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            let raw = heads.map { head in
                defer { start = start?.advanced(by: head.anchors.count) }
                return COVHead(stride: head.stride, anchor_count: head.anchors.count / 2, anchors: start)
            }
            return try converted { cov_model_decoded($0, raw, raw.count, classCount, $1) }
        }
    }

    /// Returns a copy of the network that also decodes its boxes, as exports of anchor-free models do; its size must be
    /// fixed.
    ///
    /// - Parameters:
    ///   - strides: Pixels per cell of each head. The first outputs are each head's boxes, `[1, 4 * bins, rows,
    ///     columns]`, scores, `[1, classes, rows, columns]`, and mask coefficients if there are any.
    ///   - bins: Number of values for each edge.
    ///   - hasMasks: Whether the heads have coefficients.
    /// - Returns: A network with the output `[1, 4 + classes + coefficients, boxes]`, followed by the remaining outputs of
    ///   this one.
    /// - Throws: ``InferenceError`` if the outputs cannot be decoded this way.
    package func decoded(strides: [Int], bins: Int, hasMasks: Bool) throws -> Model {
        try converted { cov_model_decoded_cells($0, strides, strides.count, bins, hasMasks, $1) }
    }

    /// Writes the network as an OpenVINO IR.
    ///
    /// - Parameters:
    ///   - path: The .xml file; the weights go to a .bin file next to it. On failure, either may be left incomplete.
    ///   - metadata: Texts by key, as returned by ``metadata(_:)``.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/failed`` if the files cannot be written.
    package func save(to path: String, metadata: [String: String]) throws {
        for (key, text) in metadata { try check(cov_model_set_metadata(handle, key, text)) }
        try check(cov_model_save(handle, path))
    }

    /// Compiles the network for a device of this machine.
    ///
    /// - Parameters:
    ///   - options: Device, precision, streams and threads.
    ///   - cacheDirectory: Directory that caches compiled models; nil disables caching. If it can be neither read nor
    ///     written, the network is compiled without it, and ``CompiledModel/cacheFailure`` says why.
    /// - Returns: The compiled network.
    /// - Throws: ``InferenceError`` if this machine cannot run the network.
    package func compile(_ options: CompileOptions, cacheDirectory: String? = nil) throws -> CompiledModel {
        var cacheFailure: String?
        if let cacheDirectory {
            do {
                let handle = try compile(options, cacheDirectory)
                return CompiledModel(handle: handle, runtime: runtime, outputCount: outputs.count)
            } catch let error as InferenceError {
                // OpenVINO fails if it cannot write to the cache: on a full disk, or if the cache is read-only and was
                // created on another processor.
                cacheFailure = error.message
            }
        }
        let handle = try compile(options, nil)
        return CompiledModel(
            handle: handle,
            runtime: runtime,
            outputCount: outputs.count,
            cacheFailure: cacheFailure
        )
    }

    private func compile(_ options: CompileOptions, _ cacheDirectory: String?) throws -> OpaquePointer {
        var compiled: OpaquePointer?
        do {
            try options.withRaw(cacheDirectory: cacheDirectory) { options in
                try check(cov_model_compile(runtime.handle, handle, options, &compiled))
            }
        } catch let error as InferenceError where options.device != CompileOptions.usualDevice {
            let devices = runtime.devices.map(\.name).joined(separator: ", ")
            throw InferenceError(
                error.code,
                "the device \(options.device) cannot run it; this machine has: \(devices). OpenVINO says: \(error.message)"
            )
        }
        return try unwrap(compiled)
    }
}
