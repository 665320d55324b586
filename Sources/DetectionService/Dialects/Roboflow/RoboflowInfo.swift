internal import Hummingbird
internal import JSONSchema

/// `GET /info`: what the service is.
struct RoboflowInfo: Endpoint {
    let service: DialectService
    /// Identifies this process.
    let id: String

    let operation = Operation(
        id: "roboflow_info",
        method: .get,
        path: "/info",
        tag: .roboflow,
        summary: "Names the service and its version, as Roboflow's server does.",
        answers: [Operation.Answer(summary: "Name and version.", contents: [.json(RoboflowServer.self)])],
        isOpen: true,
        dialect: Roboflow.self
    )

    func respond(to call: Call) throws -> Response { try .json(RoboflowServer(version: service.version, id: id)) }
}

private struct RoboflowServer: JSONObject {
    var version: String
    var id: String

    static let members: [JSONMember<RoboflowServer>] = [
        JSONMember("name") { _ in "Osprey" },
        JSONMember("uuid", "Of this process.", \.id),
        JSONMember("version", \.version),
    ]
    static let example = RoboflowServer(version: "1.0.0", id: "5f0d4a1e-8d0c-4c27-9d57-6a4e4d4f7f10")
}
