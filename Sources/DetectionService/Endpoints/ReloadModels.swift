internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import ModelServing

/// `POST /models/reload`: updates the models from their files.
struct ReloadModels: Endpoint {
    let models: ModelRegistry

    let operation = Operation(
        id: "reload_models",
        method: .post,
        path: "/models/reload",
        tag: .detection,
        summary: "Loads new and changed model files, and drops removed ones.",
        details: """
            Meanwhile, the previous models serve requests. If a file cannot be loaded, its previous model stays in \
            use, and `failed` has the reason.
            """,
        answers: [
            Operation.Answer(summary: "What has changed, by model name.", contents: [.json(ModelChangesBody.self)])
        ],
        problems: [.busy, .notReady]
    )

    func respond(to call: Call) async throws -> Response {
        let changes = try await models.reload()
        changes.log(to: call.context.logger)
        return try .json(ModelChangesBody(changes: changes))
    }
}

private struct ModelChangesBody: JSONObject {
    struct Failure: JSONObject {
        var name: String
        var reason: String

        static let members: [JSONMember<Failure>] = [JSONMember("name", \.name), JSONMember("reason", \.reason)]
        static let example = Failure(name: "boats", reason: "the archive ends in the middle of an entry")
    }

    var changes: ModelChanges

    static let members: [JSONMember<ModelChangesBody>] = [
        JSONMember("added", \.changes.added),
        JSONMember("failed") { body in
            body.changes.failed.sorted { $0.key < $1.key }.map { Failure(name: $0.key, reason: $0.value) }
        },
        JSONMember("removed", \.changes.removed),
        JSONMember("replaced", \.changes.replaced),
    ]

    static var example: ModelChangesBody {
        var changes = ModelChanges()
        changes.replaced = ["street"]
        changes.failed = [Failure.example.name: Failure.example.reason]
        return ModelChangesBody(changes: changes)
    }
}
