internal import Hummingbird
internal import JSONSchema
internal import ModelServing

/// `POST /v2/repository/index`: the models, ready or not.
struct OpenInferenceIndex: Endpoint {
    let models: InferenceModels

    let operation = Operation(
        id: "v2_index",
        method: .post,
        path: "/v2/repository/index",
        tag: .openInference,
        summary: "Lists the models: first the networks, then detection in pictures by each.",
        answers: [
            Operation.Answer(
                summary: "The models.",
                contents: [.json(.array(of: IndexItem.schema), example: .array([IndexItem.exampleValue]))]
            )
        ],
        dialect: OpenInference.self
    )

    func respond(to call: Call) async throws -> Response {
        try models.service.authentication.check(call.request)
        return try await models.service.bodies.withBytes(of: call) { _ in
            try .json(models.names.map(IndexItem.init))
        }
    }
}

private struct IndexItem: JSONObject {
    var name: String

    static let members: [JSONMember<IndexItem>] = [
        JSONMember("name", \.name),
        JSONMember("reason") { _ in "" },
        JSONMember("state") { _ in "READY" },
        JSONMember("version") { _ in InferenceModels.version },
    ]
    static let example = IndexItem(name: "yolov5s")
}

/// `POST /v2/repository/models/{model}/load` and `/unload`.
struct OpenInferenceRepository: Endpoint {
    let models: InferenceModels
    let loads: Bool
    let operation: Operation

    init(models: InferenceModels, loads: Bool) {
        self.models = models
        self.loads = loads
        operation = Operation(
            id: loads ? "v2_load" : "v2_unload",
            method: .post,
            path: "/v2/repository/models/{model}/\(loads ? "load" : "unload")",
            tag: .openInference,
            summary: loads ? "Loads a model of the folder." : "Unloads a model, unless it is the default one.",
            details: "The body is ignored, unless it brings a model's files: these are rejected.",
            pathFields: [OpenInference.modelName],
            answers: [Operation.Answer(summary: "Done.")],
            problems: [.notFound, .busy, .notReady],
            dialect: OpenInference.self
        )
    }

    func respond(to call: Call) async throws -> Response {
        try models.service.authentication.check(call.request)
        let name = call.path.string("model") ?? ""
        return try await models.service.bodies.withBytes(of: call) { body in
            // Triton's clients send them in `parameters`, as "file:PATH".
            if loads, body.contains("\"file:".utf8) {
                throw InferenceModels.filesRejected
            }
            if loads {
                try await models.service.models.load(name)
            } else {
                try await models.service.models.unload(name)
            }
            return Response(status: .ok)
        }
    }
}
