internal import DetectionPipeline
internal import DetectionService
internal import GRPCCore

/// Ends the work of a call at its deadline, or when its client leaves.
struct RPCLifetime: Sendable {
    /// Maximum time from the start of an inference to its deadline.
    let timeout: Duration

    /// Time that the client gives the call, from its `grpc-timeout`.
    @TaskLocal static var clientTimeout: Duration?

    /// Runs the work of an inference.
    ///
    /// - Throws: ``Problem`` with `deadlineExceeded`; errors of `body`.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable (InferenceContext) async throws -> Result
    ) async throws -> Result {
        let start = ContinuousClock.now
        let deadline = start.advanced(by: min(timeout, Self.clientTimeout ?? timeout))
        let context = InferenceContext(deadline: deadline, stages: StageClock(start: start))
        let work = Task { try await body(context) }
        let timer = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            work.cancel()
        }
        defer { timer.cancel() }
        do {
            return try await withRPCCancellationHandler {
                try await withTaskCancellationHandler {
                    try await work.value
                } onCancel: {
                    work.cancel()
                }
            } onCancelRPC: {
                work.cancel()
            }
        } catch is CancellationError {
            // gRPC's own timer starts a little earlier.
            guard ContinuousClock.now < deadline - .milliseconds(50), !Task.isCancelled else {
                throw Problem(.deadlineExceeded, "The deadline passed before the request finished.")
            }
            throw RPCError(code: .cancelled, message: "The client left.")
        }
    }
}
