internal import FoundationEssentials
internal import JSONSchema
internal import ModelServing
internal import YOLO

/// The API of Roboflow's inference server, as its SDK calls it.
///
/// - SeeAlso: roboflow/inference, `inference/core/interfaces/http/http_api.py`; `inference_sdk/http/client.py`.
struct Roboflow: Dialect {
    static let name = "roboflow"
    static let prefix: String? = nil

    let endpoints: [any Endpoint]

    init(service: DialectService) {
        endpoints = [
            RoboflowInfer(service: service, task: .detect),
            RoboflowInfer(service: service, task: .segment),
            RoboflowInferByPath(service: service),
            RoboflowModels(service: service, action: .list),
            RoboflowModels(service: service, action: .add),
            RoboflowModels(service: service, action: .remove),
            RoboflowModels(service: service, action: .clear),
            RoboflowInfo(service: service, id: UUID().uuidString.lowercased()),
        ]
    }

    static let problemSchema = Schema.object([
        Field(name: "message", schema: .text(1...10_000), isRequired: true)
    ])

    static func write(_ problem: Problem, to json: inout JSONWriter) {
        json.object { json in
            json.key("message")
            json.string(problem.detail)
        }
    }

    /// Returns the name of a model from its id: the SDK's older calls add a version, as in `yolov5s/1`.
    static func modelName(ofID id: String) -> String {
        let parts = id.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && Int(parts[1]) != nil ? String(parts[0]) : id
    }

    static let modelID = Field(
        name: "model_id",
        schema: .text(1...(ModelFile.maximumNameLength + 20)).described("Name of a model, or NAME/VERSION.")
            .example("yolov5s"),
        isRequired: true
    )
    static let key = Field(name: "api_key", schema: .text(0...4096).nullable().described("An API key."))
}
