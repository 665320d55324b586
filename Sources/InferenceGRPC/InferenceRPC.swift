internal import DetectionService
internal import FoundationEssentials
internal import GRPCCore
internal import InferenceMessages
internal import SwiftProtobuf

/// The Open Inference Protocol over gRPC, with Triton's extensions for streams, repositories, configurations and
/// statistics.
struct InferenceRPC: Inference_GRPCInferenceService.SimpleServiceProtocol {
    let models: InferenceModels
    let lifetime: RPCLifetime

    func serverLive(
        request: Inference_ServerLiveRequest,
        context: ServerContext
    ) -> Inference_ServerLiveResponse {
        .with { $0.live = true }
    }

    func serverReady(
        request: Inference_ServerReadyRequest,
        context: ServerContext
    ) -> Inference_ServerReadyResponse {
        .with { $0.ready = models.isReady }
    }

    func modelReady(
        request: Inference_ModelReadyRequest,
        context: ServerContext
    ) -> Inference_ModelReadyResponse {
        .with { $0.ready = (try? models.reference(request.name, version: request.version)) != nil }
    }

    func serverMetadata(
        request: Inference_ServerMetadataRequest,
        context: ServerContext
    ) -> Inference_ServerMetadataResponse {
        .with {
            $0.name = InferenceServer.name
            $0.version = models.serviceVersion
            $0.extensions = InferenceServer.extensions
        }
    }

    func modelMetadata(
        request: Inference_ModelMetadataRequest,
        context: ServerContext
    ) async throws -> Inference_ModelMetadataResponse {
        let reference = try models.reference(request.name, version: request.version)
        let (inputs, outputs, _) = try await models.ports(of: reference)
        return .with {
            $0.name = reference.name
            $0.versions = [InferenceModels.version]
            $0.platform = "openvino"
            $0.inputs = inputs.map(\.message)
            $0.outputs = outputs.map(\.message)
        }
    }

    func modelConfig(
        request: Inference_ModelConfigRequest,
        context: ServerContext
    ) async throws -> Inference_ModelConfigResponse {
        let reference = try models.reference(request.name, version: request.version)
        let configuration = try await models.configuration(of: reference)
        return .with { response in
            response.config.name = configuration.name
            response.config.platform = "openvino"
            response.config.backend = "openvino"
            response.config.input = configuration.inputs.map { port in
                .with {
                    $0.name = port.name
                    $0.dataType = port.type.message
                    $0.dims = port.shape.map(Int64.init)
                }
            }
            response.config.output = configuration.outputs.map { port in
                .with {
                    $0.name = port.name
                    $0.dataType = port.type.message
                    $0.dims = port.shape.map(Int64.init)
                }
            }
            if let metadata = configuration.metadataText {
                response.config.parameters["metadata"] = .with { $0.stringValue = metadata }
            }
        }
    }

    func modelStatistics(
        request: Inference_ModelStatisticsRequest,
        context: ServerContext
    ) throws -> Inference_ModelStatisticsResponse {
        let names =
            request.name.isEmpty ? models.names : [try models.reference(request.name, version: request.version).name]
        return .with {
            $0.modelStats = names.map { models.statistics[$0].message(of: $0) }
        }
    }

    func repositoryIndex(
        request: Inference_RepositoryIndexRequest,
        context: ServerContext
    ) -> Inference_RepositoryIndexResponse {
        .with {
            $0.models = models.names.map { name in
                .with {
                    $0.name = name
                    $0.version = InferenceModels.version
                    $0.state = "READY"
                }
            }
        }
    }

    func repositoryModelLoad(
        request: Inference_RepositoryModelLoadRequest,
        context: ServerContext
    ) async throws -> Inference_RepositoryModelLoadResponse {
        if request.parameters.keys.contains(where: { $0.hasPrefix("file:") }) { throw InferenceModels.filesRejected }
        try await models.load(request.modelName)
        return Inference_RepositoryModelLoadResponse()
    }

    func repositoryModelUnload(
        request: Inference_RepositoryModelUnloadRequest,
        context: ServerContext
    ) async throws -> Inference_RepositoryModelUnloadResponse {
        try await models.unload(request.modelName)
        return Inference_RepositoryModelUnloadResponse()
    }

    func modelInfer(
        request: Inference_ModelInferRequest,
        context: ServerContext
    ) async throws -> Inference_ModelInferResponse {
        try await lifetime.run { context in try await infer(request, context) }
    }

    func modelStreamInfer(
        request: RPCAsyncSequence<Inference_ModelInferRequest, any Error>,
        response: RPCWriter<Inference_ModelStreamInferResponse>,
        context: ServerContext
    ) async throws {
        try await models.answer(request) { message in try await response.write(try await answer(to: message)) }
    }

    private func answer(
        to message: Inference_ModelInferRequest
    ) async throws -> Inference_ModelStreamInferResponse {
        do {
            let result = try await lifetime.run { context in try await infer(message, context) }
            return .with { $0.inferResponse = result }
        } catch let error where !(error is CancellationError) {
            // The stream goes on.
            return .with {
                $0.errorMessage = Problem(error).detail
                $0.inferResponse.id = message.id
            }
        }
    }

    private func infer(
        _ message: Inference_ModelInferRequest,
        _ context: InferenceContext
    ) async throws -> Inference_ModelInferResponse {
        let reference = try models.reference(message.modelName, version: message.modelVersion)
        try models.checkRoom(for: reference, deadline: context.deadline)
        let request = try InferenceRequest(message)
        return try await models.infer(request, with: reference, context: context) { outputs in
            .with {
                $0.modelName = reference.name
                $0.modelVersion = InferenceModels.version
                $0.id = message.id
                $0.outputs = outputs.map { output in
                    .with {
                        $0.name = output.name
                        $0.datatype = output.type.name
                        $0.shape = output.shape.map(Int64.init)
                    }
                }
                $0.rawOutputContents = outputs.map { Data($0.bytes) }
            }
        }
    }
}
