internal import JSONSchema
internal import ModelServing
internal import YOLO

/// The Open Inference Protocol (KServe v2) over REST, with Triton's extensions for binary tensors, repositories,
/// configurations and statistics.
///
/// - SeeAlso: kserve/open-inference-protocol, `specification/protocol/inference_rest.md`; triton-inference-server/server,
///   `docs/protocol/`.
struct OpenInference: Dialect {
    static let name = "open-inference"
    static let prefix: String? = "/v2/"

    let endpoints: [any Endpoint]

    init(models: InferenceModels) {
        let service = models.service
        var endpoints: [any Endpoint] = [
            OpenInferenceServer(service: service),
            OpenInferenceHealth(service: service, isReadiness: false),
            OpenInferenceHealth(service: service, isReadiness: true),
            OpenInferenceStatistics(models: models),
            OpenInferenceIndex(models: models),
            OpenInferenceRepository(models: models, loads: true),
            OpenInferenceRepository(models: models, loads: false),
        ]
        for isVersioned in [false, true] {
            endpoints += OpenInferenceModel.Kind.allCases.map { kind in
                OpenInferenceModel(models: models, kind: kind, isVersioned: isVersioned)
            }
            endpoints.append(OpenInferenceInfer(models: models, isVersioned: isVersioned))
        }
        self.endpoints = endpoints
    }

    static let problemSchema = Schema.object([
        Field(name: "error", schema: .text(1...10_000), isRequired: true)
    ])

    static func write(_ problem: Problem, to json: inout JSONWriter) {
        json.object { json in
            json.key("error")
            json.string(problem.detail)
        }
    }

    static let modelName = Field(
        name: "model",
        schema: .text(1...(ModelFile.maximumNameLength + InferenceModels.detectionSuffix.utf8.count)),
        isRequired: true
    )
    static let version = Field(name: "version", schema: .text(1...20), isRequired: true)
}
