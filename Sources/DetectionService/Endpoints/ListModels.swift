internal import HTTPTypes
internal import Hummingbird
internal import Inference
internal import JSONSchema
internal import ModelServing
internal import ObjectDetection
internal import YOLO

/// `GET /models`: the served models.
struct ListModels: Endpoint {
    let models: ModelRegistry

    let operation = Operation(
        id: "list_models",
        method: .get,
        path: "/models",
        tag: .detection,
        summary: "Describes the models.",
        answers: [Operation.Answer(summary: "The models.", contents: [.json(ModelList.self)])]
    )

    func respond(to call: Call) throws -> Response {
        try .json(ModelList(models: models.models.map(ModelList.Item.init), defaultModel: models.defaultName))
    }
}

private struct ModelList: JSONObject {
    struct Item: JSONObject {
        var model: ModelDescription

        static let members: [JSONMember<Item>] = [
            JSONMember("classes", "By class id.", \.model.labels.names),
            JSONMember("device", "That runs the network; several are separated by commas.", \.model.device),
            JSONMember(
                "format",
                "The file's extension.",
                schema: .oneOf(ModelFile.Format.allCases.map(\.rawValue)),
                \.model.format.rawValue
            ),
            JSONMember(
                "gflops",
                "10^9 operations for a square picture of the input side.",
                \.model.cost.gigaOperations
            ),
            JSONMember("input_side", "Longest side of the network's input, in pixels.", \.model.inputSide),
            JSONMember("name", \.model.name),
            JSONMember("parameters", "Weights and biases.", \.model.cost.parameters),
            JSONMember("precision", "f32 or bf16.", \.model.precision),
            JSONMember("rectangular", "Whether the input follows the picture's shape.", \.model.isRectangular),
            JSONMember("resizable", "Whether requests may choose the input's size.") { $0.model.stride != nil },
            JSONMember("sha256", "Of the file.", \.model.sha256),
            JSONMember(
                "task",
                schema: .oneOf(ModelDescription.Task.allCases.map(\.rawValue)),
                \.model.task.rawValue
            ),
        ]
        static let example = Item(
            model: ModelDescription(
                name: "yolov5s",
                labels: LabelMap(["person", "bicycle"]),
                precision: "bf16",
                format: .checkpoint,
                sha256: "8b3b748c1e592ddd8868022e8732fde20025197328490623cc16c6f24d0782ee",
                cost: Graph.Cost(parameters: 7_225_885, operations: 16_500_000_000)
            )
        )
    }

    var models: [Item]
    var defaultModel: String

    static let members: [JSONMember<ModelList>] = [
        JSONMember("default", "Model used when a request names none.", \.defaultModel),
        JSONMember("models", \.models),
    ]
    static let example = ModelList(models: [.example], defaultModel: "yolov5s")
}
