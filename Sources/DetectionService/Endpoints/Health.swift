internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema

/// `GET /healthz`: whether the process is alive.
struct Healthz: Endpoint {
    let operation = Operation(
        id: "healthz",
        method: .get,
        path: "/healthz",
        tag: .service,
        summary: "Returns 200 while the process is alive.",
        answers: [Operation.Answer(summary: "The process is alive.", contents: [.json(ServiceStatus.self)])],
        isOpen: true
    )

    func respond(to call: Call) throws -> Response { try .json(ServiceStatus(isStoreAvailable: true)) }
}

/// `GET /readyz`: whether requests should be sent to this process.
struct Readyz: Endpoint {
    let readiness: Readiness
    let storeMonitor: StoreMonitor?

    let operation = Operation(
        id: "readyz",
        method: .get,
        path: "/readyz",
        tag: .service,
        summary: "Returns 200 while requests should be sent here.",
        details: """
            While a store shared by several replicas is unavailable, the status is still 200 and the body reports it: \
            other replicas are affected too, and `/detect` needs no store.
            """,
        answers: [Operation.Answer(summary: "Requests should be sent here.", contents: [.json(ServiceStatus.self)])],
        problems: [.notReady],
        isOpen: true
    )

    func respond(to call: Call) throws -> Response {
        guard readiness.isReady else {
            throw Problem(.notReady, "The service is shutting down.", headers: [.retryAfter: "5"])
        }
        return try .json(ServiceStatus(isStoreAvailable: storeMonitor?.isAvailable ?? true))
    }
}

private struct ServiceStatus: JSONObject {
    var isStoreAvailable: Bool

    static let members: [JSONMember<ServiceStatus>] = [
        JSONMember("status", schema: .oneOf(["ok", "degraded"])) { $0.isStoreAvailable ? "ok" : "degraded" },
        JSONMember(
            optional: "store",
            "Present if the store cannot be used.",
            schema: .oneOf(["unavailable"])
        ) { $0.isStoreAvailable ? nil : "unavailable" },
    ]
    static let example = ServiceStatus(isStoreAvailable: true)
}
