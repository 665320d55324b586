internal import COpenVINO

/// One run of a network at a time: an input tensor, the run, its output tensors.
///
/// Used by one task at a time, which ``CompiledModel/withRequest(isolation:_:)`` sees to; that is what makes it safe to send.
public final class InferRequest: @unchecked Sendable {
    private let handle: OpaquePointer
    private let outputCount: Int

    init(handle: OpaquePointer, outputCount: Int) {
        self.handle = handle
        self.outputCount = outputCount
    }

    deinit { cov_request_free(handle) }

    /// Sizes the input tensor and lets `body` write it.
    ///
    /// - Parameters:
    ///   - height: Height in pixels.
    ///   - width: Width in pixels.
    ///   - body: Gets `height * width * 3` bytes, `[height, width, 3]`, valid during the call only.
    /// - Returns: What `body` returns.
    /// - Throws: ``InferenceError`` when the network takes no picture of that size.
    public func withInputPixels<Result>(
        height: Int,
        width: Int,
        _ body: (UnsafeMutableBufferPointer<UInt8>) throws -> Result
    ) throws -> Result {
        var pixels: UnsafeMutablePointer<UInt8>?
        try check(cov_request_input(handle, height, width, &pixels))
        return try body(UnsafeMutableBufferPointer(start: pixels, count: height * width * 3))
    }

    /// Runs the network on what the input tensor holds; no thread waits meanwhile.
    ///
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/failed`` when the run fails.
    public func infer() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let run = Unmanaged.passRetained(Run(continuation))
            do {
                try check(cov_request_start(handle, Self.completion, run.toOpaque()))
            } catch {
                run.takeRetainedValue().continuation.resume(throwing: error)
            }
        }
    }

    /// Calls `body` with the values and shapes of the outputs of the last run, valid during the call only.
    public func withOutputs<Result>(_ body: ([OutputTensor]) throws -> Result) throws -> Result {
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
        let text = message.map { conciseMessage(String(cString: $0)) } ?? "the run failed"
        continuation.resume(throwing: InferenceError(InferenceError.Code(status), text))
    }
}

/// The values of one output of a run.
public struct OutputTensor {
    /// Sizes by axis, outermost first.
    public let dimensions: [Int]
    /// The values in row-major order.
    public let values: UnsafeBufferPointer<Float>

    /// Describes values that somebody else owns.
    public init(dimensions: [Int], values: UnsafeBufferPointer<Float>) {
        precondition(values.count == dimensions.reduce(1, *), "as many values as the dimensions say")
        self.dimensions = dimensions
        self.values = values
    }
}
