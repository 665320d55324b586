internal import COpenVINO
internal import Synchronization

/// A compiled network with a pool of inference requests.
///
/// Safe to share: a lock protects the pool, and OpenVINO's `ov::CompiledModel` may create requests from several
/// threads.
package final class CompiledModel: @unchecked Sendable {
    /// Precision that OpenVINO chose, such as `bf16`; empty if it does not say.
    package let precision: String
    /// Names of the devices that run the network, separated by commas.
    package let devices: String
    /// Why the cache directory could not be used; nil if it was used or none was given.
    package let cacheFailure: String?
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
        devices = String(cString: cov_compiled_model_devices(handle))
    }

    deinit {
        // Requests use the compiled model, so release them first.
        idleRequests.withLock { $0.removeAll() }
        cov_compiled_model_free(handle)
    }

    /// Calls `body` with an idle request, or with a new one if all are in use.
    ///
    /// The pool grows to the largest number of concurrent calls, which the caller's `WorkQueue` limits.
    /// - Throws: ``InferenceError`` if no request can be created, and any error thrown by `body`.
    package func withRequest<Result: Sendable>(
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
