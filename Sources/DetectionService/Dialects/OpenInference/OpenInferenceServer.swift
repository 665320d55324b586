internal import Hummingbird
package import JSONSchema

/// `GET /v2`: the server's name and extensions.
struct OpenInferenceServer: Endpoint {
    let service: DialectService

    let operation = Operation(
        id: "v2_server",
        method: .get,
        path: "/v2",
        tag: .openInference,
        summary: "Names the service, its version and the extensions of the protocol that it has.",
        answers: [Operation.Answer(summary: "The service.", contents: [.json(InferenceServer.self)])],
        dialect: OpenInference.self
    )

    func respond(to call: Call) throws -> Response {
        try service.authentication.check(call.request)
        return try .json(InferenceServer(version: service.version))
    }
}

/// `GET /v2/health/live` and `/v2/health/ready`.
struct OpenInferenceHealth: Endpoint {
    let service: DialectService
    let isReadiness: Bool
    let operation: Operation

    init(service: DialectService, isReadiness: Bool) {
        self.service = service
        self.isReadiness = isReadiness
        operation = Operation(
            id: isReadiness ? "v2_ready" : "v2_live",
            method: .get,
            path: isReadiness ? "/v2/health/ready" : "/v2/health/live",
            tag: .openInference,
            summary: isReadiness
                ? "Returns 200 while requests should be sent here." : "Returns 200 while the service runs.",
            answers: [
                Operation.Answer(
                    summary: "It is so.",
                    contents: [isReadiness ? .json(InferenceServerReady.self) : .json(InferenceServerLive.self)]
                )
            ],
            problems: isReadiness ? [.notReady] : [],
            isOpen: true,
            dialect: OpenInference.self
        )
    }

    func respond(to call: Call) throws -> Response {
        guard isReadiness else { return try .json(InferenceServerLive()) }
        guard service.readiness.isReady else {
            throw Problem(.notReady, "The service is shutting down.", headers: [.retryAfter: "5"])
        }
        return try .json(InferenceServerReady())
    }
}

/// What the service is.
package struct InferenceServer: JSONObject {
    var version: String

    package static let name = "Osprey"
    /// Extensions of the protocol.
    package static let extensions = ["binary_tensor_data", "model_configuration", "model_repository", "statistics"]

    package static let members: [JSONMember<InferenceServer>] = [
        JSONMember("extensions") { _ in extensions },
        JSONMember("name") { _ in name },
        JSONMember("version", \.version),
    ]
    package static let example = InferenceServer(version: "1.0.0")
}

private struct InferenceServerLive: JSONObject {
    static let members: [JSONMember<InferenceServerLive>] = [JSONMember("live") { _ in true }]
    static let example = InferenceServerLive()
}

private struct InferenceServerReady: JSONObject {
    static let members: [JSONMember<InferenceServerReady>] = [JSONMember("ready") { _ in true }]
    static let example = InferenceServerReady()
}
