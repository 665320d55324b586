internal import Hummingbird
internal import JSONSchema

/// `GET /v2/models/stats`: how often and how long models ran.
struct OpenInferenceStatistics: Endpoint {
    let models: InferenceModels

    let operation = Operation(
        id: "v2_stats",
        method: .get,
        path: "/v2/models/stats",
        tag: .openInference,
        summary: "Returns how often and how long models ran.",
        answers: [Operation.Answer(summary: "By model.", contents: [.json(InferenceStatisticsBody.self)])],
        dialect: OpenInference.self
    )

    func respond(to call: Call) throws -> Response {
        try models.service.authentication.check(call.request)
        return try .json(InferenceStatisticsBody(items: models.names.map(models.statisticsItem)))
    }
}

extension InferenceModels {
    func statisticsItem(of name: String) -> InferenceStatisticsBody.Item {
        InferenceStatisticsBody.Item(name: name, entry: statistics[name])
    }
}

struct InferenceStatisticsBody: JSONObject {
    struct Item: JSONObject {
        var name: String
        var entry: InferenceStatistics.Entry

        private var count: Int { entry.totals.success.count }

        static let members: [JSONMember<Item>] = [
            JSONMember("batch_stats", schema: .array(of: .any)) { _ in [String]() },
            JSONMember("execution_count", \.count),
            JSONMember("inference_count", \.count),
            JSONMember("inference_stats", \.entry.totals),
            JSONMember("last_inference", "In milliseconds since 1970; 0 before the first.", \.entry.last),
            JSONMember("name", \.name),
            JSONMember("version") { _ in InferenceModels.version },
        ]
        static let example = Item(name: "yolov5s", entry: InferenceStatistics.Entry())
    }

    var items: [Item]

    static let members: [JSONMember<InferenceStatisticsBody>] = [JSONMember("model_stats", \.items)]
    static let example = InferenceStatisticsBody(items: [.example])
}
