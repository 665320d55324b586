internal import COpenVINO

/// An inference request: an input tensor, one run at a time, and the output tensors of the last run.
///
/// Safe to send, because ``CompiledModel/withRequest(isolation:_:)`` lends it to only one task at a time.
package final class InferRequest: @unchecked Sendable {
    private let handle: OpaquePointer
    private let outputCount: Int

    init(handle: OpaquePointer, outputCount: Int) {
        self.handle = handle
        self.outputCount = outputCount
    }

    deinit { cov_request_free(handle) }

    /// Resizes the input tensor and calls `body` to fill it.
    ///
    /// - Parameters:
    ///   - height: Height in pixels.
    ///   - width: Width in pixels.
    ///   - body: Receives `height * width * 3` bytes, `[height, width, 3]`, valid only during the call.
    /// - Returns: The result of `body`.
    /// - Throws: ``InferenceError`` if the network does not accept pictures of that size, and any error thrown by
    ///   `body`.
    package func withInputPixels<Result>(
        height: Int,
        width: Int,
        _ body: (UnsafeMutableBufferPointer<UInt8>) throws -> Result
    ) throws -> Result {
        var pixels: UnsafeMutablePointer<UInt8>?
        try check(cov_request_input(handle, height, width, &pixels))
        return try body(UnsafeMutableBufferPointer(start: pixels, count: height * width * 3))
    }

    /// Calls `body` with the memory of an input of fixed shape, to fill it.
    ///
    /// - Throws: ``InferenceError`` if there is no such input, and any error thrown by `body`.
    package func withInputBytes<Result>(
        _ index: Int,
        _ body: (UnsafeMutableRawBufferPointer) throws -> Result
    ) throws -> Result {
        var bytes: UnsafeMutableRawPointer?
        var size = 0
        try check(cov_request_input_bytes(handle, index, &bytes, &size))
        return try body(UnsafeMutableRawBufferPointer(start: bytes, count: size))
    }

    /// Calls `body` with the elements and shapes of the last run's outputs, whatever their types, which are valid only
    /// during the call.
    package func withOutputBytes<Result>(
        _ body: ([(bytes: UnsafeRawBufferPointer, dimensions: [Int])]) throws -> Result
    ) throws -> Result {
        try body(
            (0..<outputCount).map { index in
                var bytes: UnsafeRawPointer?
                var size = 0
                var shape = COVShape()
                try check(cov_request_output_bytes(handle, index, &bytes, &size, &shape))
                let dimensions = TensorShape(shape)?.dimensions.compactMap(\.self) ?? []
                return (UnsafeRawBufferPointer(start: bytes, count: size), dimensions)
            }
        )
    }

    /// Runs the network on the contents of the input tensor, without blocking a thread.
    ///
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/failed`` if the run fails.
    package func infer() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let run = Unmanaged.passRetained(Run(continuation))
            do {
                try check(cov_request_start(handle, Self.completion, run.toOpaque()))
            } catch {
                run.takeRetainedValue().continuation.resume(throwing: error)
            }
        }
    }

    /// Calls `body` with the values and shapes of the last run's outputs, which are valid only during the call.
    package func withOutputs<Result>(_ body: ([OutputTensor]) throws -> Result) throws -> Result {
        try body(
            (0..<outputCount).map { index in
                var values: UnsafePointer<Float>?
                var shape = COVShape()
                try check(cov_request_output(handle, index, &values, &shape))
                let dimensions = TensorShape(shape)?.dimensions.compactMap(\.self) ?? []
                return OutputTensor(
                    dimensions: dimensions,
                    values: UnsafeBufferPointer(start: values, count: dimensions.reduce(1, *))
                )
            }
        )
    }

    private final class Run {
        let continuation: CheckedContinuation<Void, any Error>
        init(_ continuation: CheckedContinuation<Void, any Error>) { self.continuation = continuation }
    }

    private static let completion: COVCompletion = { context, status, message in
        guard let context else { return }
        let continuation = Unmanaged<Run>.fromOpaque(context).takeRetainedValue().continuation
        guard status != COV_OK else { return continuation.resume() }
        let text = message.map { conciseMessage(String(cString: $0)) } ?? "inference failed"
        continuation.resume(throwing: InferenceError(InferenceError.Code(status), text))
    }
}

/// Values of one output of a run.
package struct OutputTensor {
    /// Sizes by axis, outermost first.
    package let dimensions: [Int]
    /// The values in row-major order.
    package let values: UnsafeBufferPointer<Float>

    /// Wraps values that the caller owns.
    package init(dimensions: [Int], values: UnsafeBufferPointer<Float>) {
        precondition(values.count == dimensions.reduce(1, *), "the number of values must match the dimensions")
        self.dimensions = dimensions
        self.values = values
    }

    /// Returns one channel of `[1, channels, rows, columns]`.
    package func plane(_ channel: Int) -> OutputTensor {
        let count = dimensions[2] * dimensions[3]
        return OutputTensor(
            dimensions: [1, 1, dimensions[2], dimensions[3]],
            values: UnsafeBufferPointer(rebasing: values[channel * count..<(channel + 1) * count])
        )
    }
}
