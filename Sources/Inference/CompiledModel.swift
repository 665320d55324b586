internal import COpenVINO
internal import Synchronization

/// A network ready to run, with the requests that run it.
///
/// Safe to share: requests are made and lent under a lock, and OpenVINO's `ov::CompiledModel` may create requests
/// from several threads.
public final class CompiledModel: @unchecked Sendable {
    /// The arithmetic that OpenVINO chose, such as `bf16`.
    public let precision: String
    /// Why the folder for compiled forms was of no use; nil where it was, or none was given.
    public let cacheFailure: String?
    private let outputCount: Int
    private let handle: OpaquePointer
    private let runtime: Runtime
    private let idleRequests = Mutex<[InferRequest]>([])

    init(handle: OpaquePointer, runtime: Runtime, outputCount: Int, cacheFailure: String? = nil) {
        self.handle = handle
        self.runtime = runtime
        self.outputCount = outputCount
        self.cacheFailure = cacheFailure
        precision = String(cString: cov_compiled_model_precision(handle))
    }

    deinit {
        // Requests hold on to the compiled model and must go first.
        idleRequests.withLock { $0.removeAll() }
        cov_compiled_model_free(handle)
    }

    /// Lends a request to `body`: an idle one, or a new one where all are in use.
    ///
    /// There are thus as many requests as bodies have ever run at the same time; a ``WorkQueue`` bounds that.
    /// - Throws: ``InferenceError`` when no request can be made, and what `body` throws.
    public func withRequest<Result: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (InferRequest) async throws -> Result
    ) async throws -> Result {
        let request = try idleRequests.withLock { $0.popLast() } ?? makeRequest()
        defer { idleRequests.withLock { $0.append(request) } }
        return try await body(request)
    }

    private func makeRequest() throws -> InferRequest {
        var created: OpaquePointer?
        try check(cov_request_create(handle, &created))
        return InferRequest(handle: try unwrap(created), outputCount: outputCount)
    }
}
