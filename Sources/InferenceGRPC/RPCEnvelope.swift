internal import DetectionService
internal import GRPCCore
internal import Logging

/// Checks keys, counts and logs each call, and turns errors into statuses.
struct RPCEnvelope: ServerInterceptor {
    let models: InferenceModels
    let logger: Logger

    /// Services and calls that need no key, as over HTTP.
    private static let open = ["grpc.health.", "grpc.reflection.", "inference.GRPCInferenceService/Server"]
    private static let closed = "inference.GRPCInferenceService/ServerMetadata"

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>,
        context: ServerContext,
        next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        let start = ContinuousClock.now
        let method = context.descriptor.fullyQualifiedMethod
        do {
            if method == Self.closed || !Self.open.contains(where: method.hasPrefix) {
                try check(request.metadata)
            }
            let response = try await RPCLifetime.$clientTimeout.withValue(Self.timeout(of: request.metadata)) {
                try await next(request, context)
            }
            guard case .success(let contents) = response.accepted else {
                return finish(response, method, start)
            }
            // Streams run when their answers are written.
            return StreamingServerResponse(metadata: contents.metadata) { writer in
                do {
                    let trailers = try await contents.producer(writer)
                    record(.ok, method, start)
                    return trailers
                } catch {
                    throw failure(error, method, start)
                }
            }
        } catch {
            throw failure(error, method, start)
        }
    }

    /// Checks the key in a call's metadata, under the names of HTTP's headers.
    private func check(_ metadata: Metadata) throws {
        try models.check(
            authorization: metadata[stringValues: "authorization"].first { _ in true },
            key: metadata[stringValues: "x-api-key"].first { _ in true }
        )
    }

    /// Returns the time that a client gives a call: up to eight digits and a unit; nil if it states none.
    private static func timeout(of metadata: Metadata) -> Duration? {
        guard let text = metadata[stringValues: "grpc-timeout"].first(where: { _ in true }),
            let unit = text.last, let number = Int(text.dropLast()), (0..<100_000_000).contains(number)
        else { return nil }
        switch unit {
        case "H": return .seconds(number * 3600)
        case "M": return .seconds(number * 60)
        case "S": return .seconds(number)
        case "m": return .milliseconds(number)
        case "u": return .microseconds(number)
        case "n": return .nanoseconds(number)
        default: return nil
        }
    }

    private func finish<Output>(
        _ response: StreamingServerResponse<Output>,
        _ method: String,
        _ start: ContinuousClock.Instant
    ) -> StreamingServerResponse<Output> {
        guard case .failure(let error) = response.accepted else { return response }
        return StreamingServerResponse(error: failure(error, method, start))
    }

    /// Returns the status for an error, and records the call.
    private func failure(_ error: any Error, _ method: String, _ start: ContinuousClock.Instant) -> RPCError {
        let status: RPCError
        var isRefusal = false
        if let error = error as? RPCError {
            status = error
        } else {
            let problem = Problem(error)
            if problem.kind == .internalError {
                logger.error("The request failed.", metadata: ["error": "\(problem.cause ?? error)"])
            }
            isRefusal = problem.kind == .busy
            status = RPCError(code: problem.kind.code, message: problem.detail)
        }
        record(Status.Code(status.code), method, start, isRefusal: isRefusal)
        return status
    }

    private func record(
        _ code: Status.Code,
        _ method: String,
        _ start: ContinuousClock.Instant,
        isRefusal: Bool = false
    ) {
        let total = ContinuousClock.now - start
        models.count(route: "/\(method)", method: "gRPC", status: "\(code)", duration: total)
        guard !isRefusal else { return models.logRefusal() }
        logger.info(
            "gRPC /\(method) \(code)",
            metadata: ["milliseconds": "\((total / .milliseconds(1) * 100).rounded() / 100)"]
        )
    }
}

extension Problem.Kind {
    /// The status by which gRPC reports a problem.
    var code: RPCError.Code {
        switch self {
        case .malformed, .invalid, .unsupportedMediaType, .notAcceptable: .invalidArgument
        case .unauthorized: .unauthenticated
        case .forbidden, .misdirected: .permissionDenied
        case .notFound: .notFound
        case .methodNotAllowed: .unimplemented
        case .slowRequest, .deadlineExceeded: .deadlineExceeded
        case .notProcessed: .failedPrecondition
        case .tooLarge, .storeFull: .resourceExhausted
        case .internalError: .internalError
        case .busy, .notReady, .storeUnavailable: .unavailable
        }
    }
}
