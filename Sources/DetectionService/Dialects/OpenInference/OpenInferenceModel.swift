internal import Hummingbird
internal import Inference
package import JSONSchema
internal import ObjectDetection
internal import YOLO

/// `GET /v2/models/{model}` and what is below it: a model's inputs and outputs, readiness, configuration and statistics.
struct OpenInferenceModel: Endpoint {
    enum Kind: String, CaseIterable {
        case metadata = ""
        case ready
        case config
        case stats

        var summary: String {
            switch self {
            case .metadata: "Describes a model's inputs and outputs."
            case .ready: "Returns 200 if a model can be used."
            case .config: "Describes a model as Triton's configurations do."
            case .stats: "Returns how often and how long a model ran."
            }
        }
    }

    let models: InferenceModels
    let kind: Kind
    let operation: Operation

    init(models: InferenceModels, kind: Kind, isVersioned: Bool) {
        self.models = models
        self.kind = kind
        let content: Operation.Content =
            switch kind {
            case .metadata: .json(InferenceMetadata.self)
            case .ready: .json(InferenceReady.self)
            case .config: .json(InferenceConfiguration.self)
            case .stats: .json(InferenceStatisticsBody.self)
            }
        let path = isVersioned ? "/v2/models/{model}/versions/{version}" : "/v2/models/{model}"
        let name = kind == .metadata ? "metadata" : kind.rawValue
        operation = Operation(
            id: "v2_model_\(name)\(isVersioned ? "_version" : "")",
            method: .get,
            path: kind == .metadata ? path : "\(path)/\(kind.rawValue)",
            tag: .openInference,
            summary: kind.summary,
            pathFields: [OpenInference.modelName] + (isVersioned ? [OpenInference.version] : []),
            answers: [Operation.Answer(summary: kind.summary, contents: [content])],
            problems: [.notFound],
            dialect: OpenInference.self
        )
    }

    func respond(to call: Call) async throws -> Response {
        try models.service.authentication.check(call.request)
        let reference = try models.reference(call.path.string("model") ?? "", version: call.path.string("version"))
        switch kind {
        case .ready: return try .json(InferenceReady(name: reference.name))
        case .stats:
            return try .json(InferenceStatisticsBody(items: [models.statisticsItem(of: reference.name)]))
        case .metadata:
            let (inputs, outputs, _) = try await models.ports(of: reference)
            return try .json(InferenceMetadata(name: reference.name, inputs: inputs, outputs: outputs))
        case .config: return try .json(await models.configuration(of: reference))
        }
    }
}

private struct InferenceReady: JSONObject {
    var name: String

    static let members: [JSONMember<InferenceReady>] = [
        JSONMember("name", \.name),
        JSONMember("ready") { _ in true },
    ]
    static let example = InferenceReady(name: "yolov5s")
}

/// Inputs and outputs of a model.
struct InferenceMetadata: JSONObject {
    struct Tensor: JSONObject {
        var port: InferenceModels.Port

        static let members: [JSONMember<Tensor>] = [
            JSONMember("datatype", schema: .oneOf(TensorType.names), \.port.type.name),
            JSONMember("name", \.port.name),
            JSONMember("shape", "-1 for a size that depends on the request.", \.port.shape),
        ]
        static let example = Tensor(port: .example)
    }

    var name: String
    var inputs: [InferenceModels.Port]
    var outputs: [InferenceModels.Port]

    static let members: [JSONMember<InferenceMetadata>] = [
        JSONMember("inputs") { $0.inputs.map(Tensor.init) },
        JSONMember("name", \.name),
        JSONMember("outputs") { $0.outputs.map(Tensor.init) },
        JSONMember("platform") { _ in "openvino" },
        JSONMember("versions") { _ in [InferenceModels.version] },
    ]
    static let example = InferenceMetadata(name: "yolov5s", inputs: [.example], outputs: [.exampleOutput])
}

/// A model as Triton's configurations describe it.
package struct InferenceConfiguration: JSONObject {
    struct Tensor: JSONObject {
        var port: InferenceModels.Port

        static let members: [JSONMember<Tensor>] = [
            JSONMember("data_type", \.port.type.configurationName),
            JSONMember("dims", \.port.shape),
            JSONMember("name", \.port.name),
        ]
        static let example = Tensor(port: .example)
    }

    struct Parameter: JSONObject {
        var text: String

        static let members: [JSONMember<Parameter>] = [JSONMember("string_value", \.text)]
        static let example = Parameter(text: "{'stride': 32, 'task': 'detect', 'names': {0: 'person'}}")
    }

    struct Parameters: JSONObject {
        var metadata: Parameter?

        static let members: [JSONMember<Parameters>] = [
            JSONMember(optional: "metadata", "What the Ultralytics package reads, as a Python literal.", \.metadata)
        ]
        static let example = Parameters(metadata: .example)
    }

    package var name: String
    package var inputs: [InferenceModels.Port]
    package var outputs: [InferenceModels.Port]
    var task: ModelDescription.Task
    /// What the network's file states, by key.
    var metadata: [String: String]

    /// What the Ultralytics package reads, as a Python literal; nil for a model without it.
    package var metadataText: String? {
        guard let names = metadata["names"], let stride = metadata["stride"] else { return nil }
        return "{'stride': \(stride), 'task': '\(task.rawValue)', 'names': \(names)}"
    }

    package static let members: [JSONMember<InferenceConfiguration>] = [
        JSONMember("backend") { _ in "openvino" },
        JSONMember("input") { $0.inputs.map(Tensor.init) },
        JSONMember("max_batch_size", "0: shapes include the number of pictures.") { _ in 0 },
        JSONMember("name", \.name),
        JSONMember("output") { $0.outputs.map(Tensor.init) },
        JSONMember("parameters") { Parameters(metadata: $0.metadataText.map(Parameter.init)) },
        JSONMember("platform") { _ in "openvino" },
    ]
    package static let example = InferenceConfiguration(
        name: "yolov5s",
        inputs: [.example],
        outputs: [.exampleOutput],
        task: .detect,
        metadata: ["names": "{0: 'person'}", "stride": "32"]
    )
}

extension InferenceModels.Port {
    fileprivate static let example = Self(name: "images", type: .element(.f32), shape: [1, 3, 640, 640])
    fileprivate static let exampleOutput = Self(name: "output0", type: .element(.f32), shape: [1, 25_200, 85])
}
