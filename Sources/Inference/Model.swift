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

    private init(handle: OpaquePointer, runtime: Runtime) {
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

    /// The values of a constant, as `Float`, in row-major order.
    ///
    /// - Parameters:
    ///   - node: Index of a `Constant` in the model's graph.
    ///   - limit: How many values to read at most.
    /// - Returns: The values, `limit` of them at most.
    /// - Throws: ``InferenceError`` when the node is no constant.
    public func constant(_ node: Int, limit: Int) throws -> [Float] {
        var count = 0
        var values = [Float](repeating: 0, count: limit)
        try check(cov_model_constant(handle, node, &values, limit, &count))
        return Array(values.prefix(count))
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

    /// Compiles the network for this machine's CPU.
    public func compile(_ options: CompileOptions) throws -> CompiledModel {
        var compiled: OpaquePointer?
        try check(cov_model_compile(runtime.handle, handle, options.raw, &compiled))
        return CompiledModel(handle: try unwrap(compiled), runtime: runtime, outputCount: outputs.count)
    }
}
