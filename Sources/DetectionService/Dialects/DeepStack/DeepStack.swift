internal import DetectionPipeline
internal import Hummingbird
internal import JSONSchema
internal import ModelServing

/// The API of DeepStack, and of CodeProject.AI, which extends it.
///
/// - SeeAlso: DeepStack, `server/`; CodeProject.AI Server, `ProxyController.cs` and `detect.py`.
struct DeepStack: Dialect {
    static let name = "deepstack"
    static let prefix: String? = "/v1/"

    let endpoints: [any Endpoint]

    init(service: DialectService) {
        endpoints = [
            DeepStackDetect(service: service, takesModel: false),
            DeepStackDetect(service: service, takesModel: true),
            DeepStackListModels(service: service, isCustom: true),
            DeepStackListModels(service: service, isCustom: false),
            DeepStackStatus(service: service, path: "/v1/status/ping"),
            DeepStackStatus(service: service, path: "/v1/server/status/ping"),
            DeepStackUpdate(service: service),
        ]
    }

    static let problemSchema = Schema.object([
        Field(name: "code", schema: .integer(400...599), isRequired: true),
        Field(name: "duration", schema: .number(0...0), isRequired: true),
        Field(name: "error", schema: .text(1...10_000), isRequired: true),
        Field(name: "success", schema: .boolean, isRequired: true),
    ])

    static func write(_ problem: Problem, to json: inout JSONWriter) {
        json.object { json in
            json.key("code")
            json.number(status(of: problem.kind).code)
            json.key("duration")
            json.number(0)
            json.key("error")
            json.string(problem.detail)
            json.key("success")
            json.bool(false)
        }
    }
}
