internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import ModelServing
internal import ObjectDetection
internal import YOLO

/// `GET /model/registry`, `POST /model/add`, `/model/remove` and `/model/clear`: the loaded models.
struct RoboflowModels: Endpoint {
    enum Action: String {
        case list = "registry"
        case add
        case remove
        case clear

        var summary: String {
            switch self {
            case .list: "Lists the loaded models"
            case .add: "Loads a model"
            case .remove: "Unloads a model, unless it is the default one"
            case .clear: "Unloads all models but the default one"
            }
        }
    }

    let service: DialectService
    let action: Action
    let operation: Operation

    init(service: DialectService, action: Action) {
        self.service = service
        self.action = action
        let takesModel = action == .add || action == .remove
        operation = Operation(
            id: "roboflow_model_\(action.rawValue)",
            method: action == .list ? .get : .post,
            path: "/model/\(action.rawValue)",
            tag: .roboflow,
            summary: "\(action.summary), as Roboflow's server does.",
            details: "An API key may also be `api_key` in the address or the body.",
            queryFields: [Roboflow.key],
            body: takesModel ? [.json([Roboflow.key, Roboflow.modelID], example: ["model_id": "yolov5s"])] : [],
            answers: [Operation.Answer(summary: "The loaded models.", contents: [.json(RoboflowRegistry.self)])],
            problems: takesModel ? [.notFound, .notReady] : [.busy],
            dialect: Roboflow.self
        )
    }

    func respond(to call: Call) async throws -> Response {
        let key = call.query.string(Roboflow.key.name)
        var added: RoboflowRegistry.Item?
        switch action {
        case .list: try service.authentication.check(call.request, key: key)
        case .clear:
            try service.authentication.check(call.request, key: key)
            for model in service.models.models where model.name != service.models.defaultName {
                do {
                    try await service.models.unload(model.name)
                } catch let error as ModelServingError where error.code == .unknownModel {
                    // Its file was removed meanwhile.
                }
            }
        case .add, .remove:
            try await service.bodies.withJSON(of: call) { values in
                try service.authentication.check(call.request, key: values.string(Roboflow.key.name) ?? key)
                let id = values.string(Roboflow.modelID.name) ?? ""
                let name = Roboflow.modelName(ofID: id)
                if action == .add {
                    try await service.models.load(name)
                    // The SDK looks for the id that it asked for.
                    if id != name {
                        added = RoboflowRegistry.Item(id: id, model: try service.models.detector(named: name).model)
                    }
                } else {
                    try await service.models.unload(name)
                }
            }
        }
        let loaded = service.models.models.map { RoboflowRegistry.Item(id: $0.name, model: $0) }
        return try .json(RoboflowRegistry(models: loaded + [added].compactMap(\.self)))
    }
}

private struct RoboflowRegistry: JSONObject {
    struct Item: JSONObject {
        var id: String
        var model: ModelDescription

        static let members: [JSONMember<Item>] = [
            JSONMember("input_height", "Longest side of the network's input, in pixels.", \.model.inputSide),
            JSONMember("input_width", "Longest side of the network's input, in pixels.", \.model.inputSide),
            JSONMember("model_id", \.id),
            JSONMember("task_type", schema: .oneOf(["object-detection", "instance-segmentation"])) { item in
                item.model.task == .segment ? "instance-segmentation" : "object-detection"
            },
        ]
        static let example = Item(
            id: "yolov5s",
            model: ModelDescription(name: "yolov5s", labels: LabelMap(["person"]))
        )
    }

    var models: [Item]

    static let members: [JSONMember<RoboflowRegistry>] = [JSONMember("models", \.models)]
    static let example = RoboflowRegistry(models: [.example])
}
