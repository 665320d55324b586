internal import Basics
internal import Hummingbird
internal import JSONSchema

/// `GET /v1/status/ping`: whether the service answers.
struct DeepStackStatus: Endpoint {
    let service: DialectService
    let operation: Operation

    init(service: DialectService, path: String) {
        self.service = service
        operation = Operation(
            id: path == "/v1/status/ping" ? "deepstack_ping" : "deepstack_server_ping",
            method: .get,
            path: path,
            tag: .deepstack,
            summary: "Answers, as DeepStack and CodeProject.AI do.",
            answers: [Operation.Answer(summary: "The version.", contents: [.json(DeepStackPing.self)])],
            isOpen: true,
            dialect: DeepStack.self
        )
    }

    func respond(to call: Call) throws -> Response { try .json(DeepStackPing(version: Version(service.version))) }
}

/// `GET /v1/status/updateavailable`, which Blue Iris asks: there never is one.
struct DeepStackUpdate: Endpoint {
    let service: DialectService

    let operation = Operation(
        id: "deepstack_update",
        method: .get,
        path: "/v1/status/updateavailable",
        tag: .deepstack,
        summary: "Says that there is no newer version, as CodeProject.AI does.",
        answers: [Operation.Answer(summary: "The version.", contents: [.json(DeepStackNoUpdate.self)])],
        isOpen: true,
        dialect: DeepStack.self
    )

    func respond(to call: Call) throws -> Response { try .json(DeepStackNoUpdate(version: Version(service.version))) }
}

private struct DeepStackPing: JSONObject {
    var version: Version

    static let members: [JSONMember<DeepStackPing>] = [
        JSONMember("code") { _ in 200 },
        JSONMember("hostname") { _ in HostName.current },
        JSONMember("message") { _ in "" },
        JSONMember("success") { _ in true },
        JSONMember("version", \.version),
    ]
    static let example = DeepStackPing(version: .example)
}

private struct DeepStackNoUpdate: JSONObject {
    var version: Version

    static let members: [JSONMember<DeepStackNoUpdate>] = [
        JSONMember("current", \.version),
        JSONMember("latest", \.version),
        JSONMember("message") { _ in "" },
        JSONMember("success") { _ in true },
        JSONMember("updateAvailable") { _ in false },
    ]
    static let example = DeepStackNoUpdate(version: .example)
}

/// A version in its parts.
private struct Version: JSONObject {
    var numbers: [Int]

    init(_ text: String) {
        let parts = text.split(separator: "-")[0].split(separator: ".").map { Int($0) ?? 0 }
        numbers = (0..<3).map { $0 < parts.count ? parts[$0] : 0 }
    }

    static let members: [JSONMember<Version>] = [
        JSONMember("build") { _ in 0 },
        JSONMember("file") { _ in "" },
        JSONMember("major") { $0.numbers[0] },
        JSONMember("minor") { $0.numbers[1] },
        JSONMember("patch") { $0.numbers[2] },
        JSONMember("preRelease") { _ in "" },
        JSONMember("releaseNotes") { _ in "" },
        JSONMember("securityUpdate") { _ in false },
    ]
    static let example = Version("0.1.0")
}
