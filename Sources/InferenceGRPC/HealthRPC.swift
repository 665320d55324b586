internal import DetectionService
internal import GRPCCore
internal import InferenceMessages
internal import SwiftProtobuf

/// gRPC's health checks: of the service, and of the Open Inference Protocol.
struct HealthRPC: Grpc_Health_V1_Health.SimpleServiceProtocol {
    let models: InferenceModels

    /// Seconds between two looks at the readiness.
    private static let interval = Duration.seconds(1)

    func check(
        request: Grpc_Health_V1_HealthCheckRequest,
        context: ServerContext
    ) throws -> Grpc_Health_V1_HealthCheckResponse {
        guard Self.isKnown(request.service) else {
            throw RPCError(code: .notFound, message: "There is no such service.")
        }
        return .with { $0.status = models.isReady ? .serving : .notServing }
    }

    func watch(
        request: Grpc_Health_V1_HealthCheckRequest,
        response: RPCWriter<Grpc_Health_V1_HealthCheckResponse>,
        context: ServerContext
    ) async throws {
        var last: Grpc_Health_V1_HealthCheckResponse.ServingStatus?
        while !context.cancellation.isCancelled, last != .notServing {
            let status: Grpc_Health_V1_HealthCheckResponse.ServingStatus =
                Self.isKnown(request.service) ? models.isReady ? .serving : .notServing : .serviceUnknown
            if status != last { try await response.write(.with { $0.status = status }) }
            last = status
            try await Task.sleep(for: Self.interval)
        }
    }

    private static func isKnown(_ service: String) -> Bool {
        service.isEmpty || service == Inference_GRPCInferenceService.descriptor.fullyQualifiedService
    }
}
