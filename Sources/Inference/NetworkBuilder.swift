internal import COpenVINO

/// Builds a network operation by operation, for file formats that OpenVINO cannot read.
///
/// The network's input is `[1, 3, height, width]`, RGB in `0...1`, with dynamic height and width. Weights have single
/// precision.
package final class NetworkBuilder {
    /// Output of an operation: `[1, channels, height, width]`.
    package struct Value: Sendable {
        let index: Int
    }

    private let handle: OpaquePointer
    private let runtime: Runtime

    /// Creates a builder that has only the input.
    package init(runtime: Runtime) throws {
        var created: OpaquePointer?
        try check(cov_builder_create(&created))
        handle = try unwrap(created)
        self.runtime = runtime
    }

    deinit { cov_builder_free(handle) }

    /// The network's input.
    package var input: Value { Value(index: 0) }

    /// Returns the number of channels of a value.
    package func channels(of value: Value) -> Int {
        TensorShape(cov_builder_shape(handle, value.index))?[1] ?? 0
    }

    /// Adds a convolution.
    ///
    /// - Parameters:
    ///   - input: Value to convolve.
    ///   - weights: Kernel weights, `[filters, channels / groups, height, width]`.
    ///   - bias: Bias, `[filters]`, or nil for none.
    ///   - filters: Number of filters.
    ///   - groups: Number of channel groups; must divide the numbers of channels and of filters.
    ///   - window: Size, stride, padding and dilation of the kernel.
    /// - Returns: The result, with one channel per filter.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/invalidModel`` if the sizes do not match.
    package func convolution(
        _ input: Value,
        weights: [Float],
        bias: [Float]?,
        filters: Int,
        groups: Int = 1,
        window: Window
    ) throws -> Value {
        let channels = channels(of: input)
        guard filters > 0, groups > 0, channels.isMultiple(of: groups), filters.isMultiple(of: groups), window.isValid
        else { throw InferenceError(.invalidModel, "the filters, groups or window of a convolution are invalid") }
        let (kernel, isTooLarge) = [filters, channels / groups, window.kernel.height, window.kernel.width]
            .productReportingOverflow()
        guard !isTooLarge, weights.count == kernel, bias?.count ?? filters == filters else {
            throw InferenceError(
                .invalidModel,
                "a convolution has \(weights.count) weights, but its \(channels) channels and \(filters) filters of "
                    + "\(window.kernel.width)x\(window.kernel.height) need \(kernel)"
            )
        }
        return try append { output in
            cov_builder_convolution(handle, input.index, filters, groups, window.raw, weights, bias, output)
        }
    }

    /// Multiplies each channel by its scale and adds its shift.
    package func affine(_ input: Value, scale: [Float], shift: [Float]) throws -> Value {
        let channels = channels(of: input)
        guard scale.count == channels, shift.count == channels else {
            throw InferenceError(
                .invalidModel,
                "a normalisation has \(scale.count) channels, but its input has \(channels)"
            )
        }
        return try append { cov_builder_affine(handle, input.index, channels, scale, shift, $0) }
    }

    /// Applies an activation function to each element.
    package func activation(_ input: Value, _ activation: Activation) throws -> Value {
        let (kind, slope) = activation.raw
        return try append { cov_builder_activation(handle, input.index, kind, slope, $0) }
    }

    /// Computes the maximum of each window that lies inside the padded input.
    package func maximumPool(_ input: Value, window: Window) throws -> Value {
        guard window.isValid else { throw InferenceError(.invalidModel, "a pooling window is invalid") }
        return try append { cov_builder_max_pool(handle, input.index, window.raw, $0) }
    }

    /// Adds two values of the same shape.
    package func sum(_ left: Value, _ right: Value) throws -> Value {
        guard channels(of: left) == channels(of: right) else {
            throw InferenceError(.invalidModel, "cannot add \(channels(of: left)) and \(channels(of: right)) channels")
        }
        return try append { cov_builder_add(handle, left.index, right.index, $0) }
    }

    /// Concatenates the channels of the values.
    package func concatenation(_ inputs: [Value]) throws -> Value {
        guard !inputs.isEmpty else { throw InferenceError(.invalidModel, "a concatenation has no inputs") }
        return try append { cov_builder_concat(handle, inputs.map(\.index), inputs.count, $0) }
    }

    /// Repeats each cell `factor` times along both axes; `factor` must be in `1...64`.
    package func upsample(_ input: Value, factor: Int) throws -> Value {
        guard (1...64).contains(factor) else {
            throw InferenceError(.invalidModel, "upsampling by \(factor) is not supported")
        }
        return try append { cov_builder_upsample(handle, input.index, factor, $0) }
    }

    /// Resizes a value to the height and width of another, by the nearest cell.
    package func resized(_ input: Value, like other: Value) throws -> Value {
        try append { cov_builder_resize_like(handle, input.index, other.index, $0) }
    }

    /// Splits the channels of a value.
    ///
    /// - Parameters:
    ///   - input: Value to split.
    ///   - sizes: Numbers of channels, which must add up to those of the input.
    /// - Returns: One value for each size.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/invalidModel`` if the sizes do not match.
    package func split(_ input: Value, into sizes: [Int]) throws -> [Value] {
        let channels = channels(of: input)
        guard sizes.allSatisfy({ (1...channels).contains($0) }), sizes.count <= channels,
            sizes.reduce(0, +) == channels
        else { throw InferenceError(.invalidModel, "its \(channels) channels cannot be split into \(sizes)") }
        var outputs = sizes.map { _ in 0 }
        try check(cov_builder_split(handle, input.index, sizes, sizes.count, &outputs))
        return outputs.map(Value.init)
    }

    /// Computes the mean of each window, with zeros as padding.
    package func averagePool(_ input: Value, window: Window) throws -> Value {
        guard window.isValid else { throw InferenceError(.invalidModel, "a pooling window is invalid") }
        return try append { cov_builder_average_pool(handle, input.index, window.raw, $0) }
    }

    /// Adds cells of zeros at the edges; each number must be in `0...1024`.
    package func padded(_ input: Value, left: Int, right: Int, top: Int, bottom: Int) throws -> Value {
        guard [left, right, top, bottom].allSatisfy((0...1024).contains) else {
            throw InferenceError(.invalidModel, "its padding is invalid")
        }
        return try append { cov_builder_pad(handle, input.index, left, right, top, bottom, $0) }
    }

    /// Adds a transposed convolution, which makes a value larger.
    ///
    /// - Parameters:
    ///   - input: Value to convolve.
    ///   - weights: Kernel weights, `[channels, filters, height, width]`.
    ///   - bias: Bias, `[filters]`, or nil for none.
    ///   - filters: Number of filters.
    ///   - window: Size, stride, padding and dilation of the kernel.
    /// - Returns: The result, with one channel per filter.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/invalidModel`` if the sizes do not match.
    package func transposedConvolution(
        _ input: Value,
        weights: [Float],
        bias: [Float]?,
        filters: Int,
        window: Window
    ) throws -> Value {
        let (kernel, isTooLarge) = [channels(of: input), filters, window.kernel.height, window.kernel.width]
            .productReportingOverflow()
        guard filters > 0, window.isValid, !isTooLarge, weights.count == kernel, bias?.count ?? filters == filters
        else {
            throw InferenceError(.invalidModel, "the weights or the window of a transposed convolution are invalid")
        }
        return try append { output in
            cov_builder_transposed_convolution(handle, input.index, filters, window.raw, weights, bias, output)
        }
    }

    /// Computes self-attention: each cell's value becomes a mean of the values of all cells of its area, weighted by the
    /// softmax of the products of its query and their keys, divided by the root of their length.
    ///
    /// - Parameters:
    ///   - input: For each head, channels of queries, as many of keys, and channels of values.
    ///   - heads: Number of heads.
    ///   - keys: Number of channels of a head's queries.
    ///   - values: Number of channels of a head's values.
    ///   - areas: Number of equal parts of the picture, one below the other; must divide the number of cells.
    /// - Returns: The means, with `heads * values` channels, and the values as they were.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/invalidModel`` if the sizes do not match.
    package func attention(
        _ input: Value,
        heads: Int,
        keys: Int,
        values: Int,
        areas: Int = 1
    ) throws -> (attended: Value, values: Value) {
        let channels = channels(of: input)
        guard [heads, keys, values, areas].allSatisfy((1...1024).contains), heads * (2 * keys + values) == channels
        else {
            throw InferenceError(
                .invalidModel,
                "its \(channels) channels do not hold queries, keys and values for \(heads) heads"
            )
        }
        var (attended, passed) = (0, 0)
        try check(cov_builder_attention(handle, input.index, heads, keys, values, areas, &attended, &passed))
        return (Value(index: attended), Value(index: passed))
    }

    /// Takes every second cell along both axes, starting at the given row and column.
    package func everySecond(_ input: Value, row: Int, column: Int) throws -> Value {
        try append { cov_builder_every_second(handle, input.index, row, column, $0) }
    }

    /// Returns the network that has the given outputs, in that order.
    package func model(_ outputs: [Value]) throws -> Model {
        var model: OpaquePointer?
        try check(cov_builder_model(handle, outputs.map(\.index), outputs.count, &model))
        return Model(handle: try unwrap(model), runtime: runtime)
    }

    private func append(_ operation: (UnsafeMutablePointer<Int>) -> COVStatus) throws -> Value {
        var output = 0
        try check(operation(&output))
        return Value(index: output)
    }
}
