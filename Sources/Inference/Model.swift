internal import COpenVINO

/// A network as it was read or cut, before it is compiled.
///
/// Not safe to share between threads: it is changed while it is prepared, and compiled once.
public final class Model {
    private let runtime: Runtime
    private let handle: OpaquePointer

    /// Reads a network.
    ///
    /// - Parameters:
    ///   - path: An ONNX file, or the .xml file of an OpenVINO IR whose .bin file lies beside it.
    ///   - runtime: The runtime that will compile it.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/invalidModel`` when it cannot be read.
    public init(path: String, runtime: Runtime) throws {
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

    /// Shapes of the inputs; nil where the number of axes is not fixed.
    public var inputs: [TensorShape?] {
        (0..<cov_model_input_count(handle)).map { TensorShape(cov_model_input_shape(handle, $0)) }
    }

    /// Shapes of the outputs; nil where the number of axes is not fixed.
    public var outputs: [TensorShape?] {
        (0..<cov_model_output_count(handle)).map { TensorShape(cov_model_output_shape(handle, $0)) }
    }

    /// The operations, read anew on every call, as preparing the model changes them.
    public func graph() -> Graph { Graph(of: handle) }

    /// The text that the exporter left under `key`, such as YOLOv5's `names` and `stride`.
    public func metadata(_ key: String) -> String? {
        cov_model_metadata(handle, key).map { String(cString: $0) }
    }

    /// Where an output comes from.
    public func port(ofOutput index: Int) -> Graph.Port {
        let port = cov_model_output_port(handle, index)
        return Graph.Port(node: port.node, output: port.output)
    }

    /// Fixes the size of the only input to `[batch, 3, height, width]`; nil leaves an axis open.
    ///
    /// - Throws: ``InferenceError`` when the network cannot take that size; it then keeps the one it had.
    public func reshape(batch: Int? = 1, height: Int?, width: Int?) throws {
        try check(cov_model_reshape(handle, Int64(batch ?? -1), Int64(height ?? -1), Int64(width ?? -1)))
    }

    /// What an output becomes when ports inside the graph hold given values; what comes before them is not computed.
    ///
    /// - Parameters:
    ///   - output: Which output; its shape must be fixed.
    ///   - ports: Ports of fixed shape that together decide the output.
    ///   - values: The values of each, row-major, as many as its shape has.
    /// - Returns: The output's values in row-major order, computed in single precision.
    /// - Throws: ``InferenceError`` when the output depends on more than the ports, or a shape is not fixed.
    public func evaluate(output: Int, ports: [Graph.Port], values: [[Float]]) throws -> [Float] {
        precondition(ports.count == values.count, "values for each port")
        let graph = graph()
        for (port, values) in zip(ports, values) {
            guard graph.nodes[port.node].outputs[port.output]?.elementCount == values.count else {
                throw InferenceError(.invalidArgument, "a port does not have as many values as were given")
            }
        }
        guard let count = outputs[output]?.elementCount else {
            throw InferenceError(.invalidArgument, "the shape of the output is not fixed")
        }
        var result = [Float](repeating: 0, count: count)
        let ends = ports.map { COVPort(node: $0.node, output: $0.output) }
        // All values lie in one buffer, so that one pointer holds for all ports.
        let joined = Array(values.joined())
        try joined.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            let starts = values.map { values in
                defer { start = start?.advanced(by: values.count) }
                return start
            }
            try check(
                cov_model_evaluate(runtime.handle, handle, output, ends, starts, ends.count, &result, count)
            )
        }
        return result
    }

    /// A network that computes the given ports of this one from the same input.
    public func cut(at ports: [Graph.Port]) throws -> Model {
        let ends = ports.map { COVPort(node: $0.node, output: $0.output) }
        var result: OpaquePointer?
        try check(cov_model_cut(handle, ends, ends.count, &result))
        return Model(handle: try unwrap(result), runtime: runtime)
    }

    /// Makes the network take pixels: `[1, height, width, 3]`, `UInt8`, RGB, and answer in `Float`.
    ///
    /// The network itself goes on seeing `[1, 3, height, width]` in `0...1`; the conversion becomes part of it.
    /// - Parameter dynamicSize: Whether height and width may differ from call to call.
    /// - Throws: ``InferenceError`` when the network's input is of another form, or it cannot take other sizes.
    public func takePixels(dynamicSize: Bool) throws {
        try check(cov_model_take_pixels(handle, dynamicSize))
    }

    /// A copy of the network for pictures of one size, so that the shapes in its graph are fixed.
    ///
    /// - Throws: ``InferenceError`` when the network does not take that size.
    public func sized(height: Int, width: Int) throws -> Model {
        var result: OpaquePointer?
        try check(cov_model_sized(handle, height, width, &result))
        return Model(handle: try unwrap(result), runtime: runtime)
    }

    /// A copy of the network that also decodes its boxes, as YOLOv5's exports do; its size must be fixed.
    ///
    /// - Parameters:
    ///   - heads: For each of the first outputs, `[1, anchors * values, rows, columns]`, the pixels by cell, and width and
    ///     height in pixels of each anchor in turn.
    ///   - classCount: How many of the values after the box and objectness are probabilities.
    /// - Returns: A network that answers with `[1, boxes, values]`, and then with the other outputs of this one.
    /// - Throws: ``InferenceError`` when the outputs are none that can be decoded so.
    public func decoded(heads: [(stride: Int, anchors: [Float])], classCount: Int) throws -> Model {
        var result: OpaquePointer?
        let anchors = heads.flatMap(\.anchors)
        try anchors.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            let raw = heads.map { head in
                defer { start = start?.advanced(by: head.anchors.count) }
                return COVHead(stride: head.stride, anchor_count: head.anchors.count / 2, anchors: start)
            }
            try check(cov_model_decoded(handle, raw, raw.count, classCount, &result))
        }
        return Model(handle: try unwrap(result), runtime: runtime)
    }

    /// Writes the network as an OpenVINO IR.
    ///
    /// - Parameters:
    ///   - path: The .xml file; the weights go to a .bin file beside it. Both may be left in parts when this fails.
    ///   - metadata: Texts by key, for ``metadata(_:)`` to find.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/failed`` when they cannot be written.
    public func save(to path: String, metadata: [String: String]) throws {
        for (key, text) in metadata { try check(cov_model_set_metadata(handle, key, text)) }
        try check(cov_model_save(handle, path))
    }

    /// Compiles the network for this machine's CPU.
    ///
    /// - Parameters:
    ///   - options: Arithmetic, streams and threads.
    ///   - cacheDirectory: Where the compiled form is kept for the next time; nil keeps none. Where it can neither be
    ///     read nor written, the network is compiled without, and ``CompiledModel/cacheFailure`` says why.
    /// - Returns: The network, ready to run.
    /// - Throws: ``InferenceError`` when this machine cannot run it.
    public func compile(_ options: CompileOptions, cacheDirectory: String? = nil) throws -> CompiledModel {
        var cacheFailure: String?
        if let cacheDirectory {
            do {
                let handle = try cacheDirectory.withCString { try compile(options.raw(cacheDirectory: $0)) }
                return CompiledModel(handle: handle, runtime: runtime, outputCount: outputs.count)
            } catch let error as InferenceError {
                // OpenVINO gives up where it cannot write: on a full disk, or in a cache that another processor made
                // and that is read only.
                cacheFailure = error.message
            }
        }
        let handle = try compile(options.raw(cacheDirectory: nil))
        return CompiledModel(
            handle: handle,
            runtime: runtime,
            outputCount: outputs.count,
            cacheFailure: cacheFailure
        )
    }

    private func compile(_ options: COVCompileOptions) throws -> OpaquePointer {
        var compiled: OpaquePointer?
        try check(cov_model_compile(runtime.handle, handle, options, &compiled))
        return try unwrap(compiled)
    }
}
