internal import COpenVINO

/// Builds a network operation by operation, for a file that OpenVINO does not read itself.
///
/// The network takes `[1, 3, height, width]`, RGB in `0...1`, height and width not fixed. Weights are single precision.
public final class NetworkBuilder {
    /// What an operation gives: `[1, channels, height, width]`.
    public struct Value: Sendable {
        let index: Int
    }

    private let handle: OpaquePointer
    private let runtime: Runtime

    /// Starts an empty network.
    public init(runtime: Runtime) throws {
        var created: OpaquePointer?
        try check(cov_builder_create(&created))
        handle = try unwrap(created)
        self.runtime = runtime
    }

    deinit { cov_builder_free(handle) }

    /// The picture.
    public var input: Value { Value(index: 0) }

    /// Number of channels of a value.
    public func channels(of value: Value) -> Int {
        TensorShape(cov_builder_shape(handle, value.index))?[1] ?? 0
    }

    /// A convolution.
    ///
    /// - Parameters:
    ///   - input: What it is applied to.
    ///   - weights: `[filters, channels / groups, height, width]` of the kernel.
    ///   - bias: `[filters]`, or nil for none.
    ///   - filters: How many filters there are.
    ///   - groups: In how many groups the channels are kept apart; divides channels and filters.
    ///   - window: The kernel's size and steps.
    /// - Returns: The sums, one channel a filter.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/invalidModel`` when the sizes do not fit together.
    public func convolution(
        _ input: Value,
        weights: [Float],
        bias: [Float]?,
        filters: Int,
        groups: Int = 1,
        window: Window
    ) throws -> Value {
        let channels = channels(of: input)
        guard filters > 0, groups > 0, channels.isMultiple(of: groups), filters.isMultiple(of: groups), window.isValid
        else { throw InferenceError(.invalidModel, "a convolution's filters, groups or steps make no sense") }
        let (kernel, isTooLarge) = [filters, channels / groups, window.kernel.height, window.kernel.width]
            .productReportingOverflow()
        guard !isTooLarge, weights.count == kernel, bias?.count ?? filters == filters else {
            throw InferenceError(
                .invalidModel,
                "a convolution has \(weights.count) weights where its \(channels) channels and \(filters) filters of "
                    + "\(window.kernel.width)x\(window.kernel.height) need \(kernel)"
            )
        }
        return try append { output in
            cov_builder_convolution(handle, input.index, filters, groups, window.raw, weights, bias, output)
        }
    }

    /// Each channel times its scale, plus its shift.
    public func affine(_ input: Value, scale: [Float], shift: [Float]) throws -> Value {
        let channels = channels(of: input)
        guard scale.count == channels, shift.count == channels else {
            throw InferenceError(
                .invalidModel,
                "a normalisation of \(scale.count) channels follows \(channels) channels"
            )
        }
        return try append { cov_builder_affine(handle, input.index, channels, scale, shift, $0) }
    }

    /// A function of each number.
    public func activation(_ input: Value, _ activation: Activation) throws -> Value {
        let (kind, slope) = activation.raw
        return try append { cov_builder_activation(handle, input.index, kind, slope, $0) }
    }

    /// The largest number of each window that lies inside the padded input.
    public func maximumPool(_ input: Value, window: Window) throws -> Value {
        guard window.isValid else { throw InferenceError(.invalidModel, "a pooling's window makes no sense") }
        return try append { cov_builder_max_pool(handle, input.index, window.raw, $0) }
    }

    /// The sum of two values of the same shape.
    public func sum(_ left: Value, _ right: Value) throws -> Value {
        guard channels(of: left) == channels(of: right) else {
            throw InferenceError(.invalidModel, "\(channels(of: left)) and \(channels(of: right)) channels are added")
        }
        return try append { cov_builder_add(handle, left.index, right.index, $0) }
    }

    /// The channels of all values, one value's after the other's.
    public func concatenation(_ inputs: [Value]) throws -> Value {
        guard !inputs.isEmpty else { throw InferenceError(.invalidModel, "nothing is concatenated") }
        return try append { cov_builder_concat(handle, inputs.map(\.index), inputs.count, $0) }
    }

    /// Repeats each cell `factor` times along both sides.
    public func upsample(_ input: Value, factor: Int) throws -> Value {
        guard (1...64).contains(factor) else {
            throw InferenceError(.invalidModel, "an enlargement by \(factor) is not supported")
        }
        return try append { cov_builder_upsample(handle, input.index, factor, $0) }
    }

    /// Every second cell along both sides, beginning with the given row and column.
    public func everySecond(_ input: Value, row: Int, column: Int) throws -> Value {
        try append { cov_builder_every_second(handle, input.index, row, column, $0) }
    }

    /// The network that gives `outputs`, in their order.
    public func model(_ outputs: [Value]) throws -> Model {
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
