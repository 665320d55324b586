internal import DetectionService
internal import FoundationEssentials
internal import GRPCCore
internal import InferenceMessages
internal import SwiftProtobuf

/// gRPC's server reflection, by which tools such as grpcurl learn the calls.
struct ReflectionRPC: Grpc_Reflection_V1_ServerReflection.SimpleServiceProtocol {
    let models: InferenceModels

    private static let services = [
        Grpc_Health_V1_Health.descriptor, Grpc_Reflection_V1_ServerReflection.descriptor,
        Inference_GRPCInferenceService.descriptor,
    ].map(\.fullyQualifiedService)

    func serverReflectionInfo(
        request: RPCAsyncSequence<Grpc_Reflection_V1_ServerReflectionRequest, any Error>,
        response: RPCWriter<Grpc_Reflection_V1_ServerReflectionResponse>,
        context: ServerContext
    ) async throws {
        try await models.answer(request) { question in
            try await response.write(
                .with {
                    $0.validHost = question.host
                    $0.originalRequest = question
                    $0.messageResponse = Self.answer(to: question.messageRequest)
                }
            )
        }
    }

    private static func answer(
        to question: Grpc_Reflection_V1_ServerReflectionRequest.OneOf_MessageRequest?
    ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
        switch question {
        case .listServices:
            return .listServicesResponse(.with { $0.service = services.map { name in .with { $0.name = name } } })
        case .fileByFilename(let name):
            if let file = MessageFiles.all.first(where: { $0.name == name }) { return describe(file) }
        case .fileContainingSymbol(let symbol):
            if let file = MessageFiles.all.first(where: { symbol.hasPrefix("\($0.package).") }) {
                return describe(file)
            }
        default: break
        }
        return .errorResponse(
            .with {
                $0.errorCode = Int32(Status.Code.notFound.rawValue)
                $0.errorMessage = "There is nothing of that name."
            }
        )
    }

    private static func describe(
        _ file: MessageFiles.File
    ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
        .fileDescriptorResponse(.with { $0.fileDescriptorProto = [Data(base64Encoded: file.descriptor) ?? Data()] })
    }
}
