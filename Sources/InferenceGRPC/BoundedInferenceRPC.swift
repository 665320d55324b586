internal import DetectionService
internal import GRPCCore
internal import GRPCProtobuf
internal import InferenceMessages
internal import SwiftProtobuf

/// Registers the calls that take tensors again, with a look at their messages before they are decoded.
struct BoundedInferenceRPC: RegistrableRPCService {
    let rpc: InferenceRPC

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Inference_GRPCInferenceService.Method.ModelInfer.descriptor,
            deserializer: Deserializer(),
            serializer: ProtobufSerializer<Inference_ModelInferResponse>()
        ) { request, context in
            try await rpc.modelInfer(request: request, context: context)
        }
        router.registerHandler(
            forMethod: Inference_GRPCInferenceService.Method.ModelStreamInfer.descriptor,
            deserializer: Deserializer(),
            serializer: ProtobufSerializer<Inference_ModelStreamInferResponse>()
        ) { request, context in
            try await rpc.modelStreamInfer(request: request, context: context)
        }
    }

    private struct Deserializer: MessageDeserializer {
        func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Inference_ModelInferRequest {
            guard bytes.withUnsafeBytes(InferenceMessageShape.isReasonable) else {
                throw RPCError(
                    code: .resourceExhausted,
                    message: "The request has too many tensors, parameters or texts."
                )
            }
            return try ProtobufDeserializer<Inference_ModelInferRequest>().deserialize(bytes)
        }
    }
}
