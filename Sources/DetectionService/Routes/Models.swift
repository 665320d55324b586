internal import HTTPTypes
internal import Hummingbird
internal import ObjectDetection
internal import YOLO

extension ServiceComponents {
    var listModels: Operation {
        Operation(
            id: "list_models",
            method: .get,
            path: "/models",
            tag: .detection,
            summary: "Tells what each model is.",
            answers: [
                Operation.Answer(
                    summary: "The models.",
                    contents: [.json(ModelsBody.schema, example: ModelsBody.example)]
                )
            ]
        ) { _ in
            try .json(ModelsBody(models: models.models.map(ModelsBody.Item.init), defaultModel: models.defaultName))
        }
    }
}

private struct ModelsBody: Encodable {
    struct Item: Encodable {
        enum CodingKeys: String, CodingKey {
            case name
            case task
            case classes
            case inputSide = "input_side"
            case isRectangular = "rectangular"
            case precision
        }

        var name: String
        var task: String
        var classes: [String]
        var inputSide: Int
        var isRectangular: Bool
        var precision: String

        init(_ model: ModelDescription) {
            name = model.name
            task = model.task.rawValue
            classes = model.labels.names
            inputSide = model.inputSide
            isRectangular = model.isRectangular
            precision = model.precision
        }
    }

    enum CodingKeys: String, CodingKey {
        case models
        case defaultModel = "default"
    }

    var models: [Item]
    var defaultModel: String

    static let schema = Schema.object([
        Field(name: "default", schema: .anyString.described("The model that serves by default."), isRequired: true),
        Field(
            name: "models",
            schema: .array(
                of: .object([
                    Field(name: "name", schema: .anyString, isRequired: true),
                    Field(name: "task", schema: .oneOf(["detect"]), isRequired: true),
                    Field(name: "classes", schema: .array(of: .anyString).described("By class id."), isRequired: true),
                    Field(
                        name: "input_side",
                        schema: .anyInteger.described("Longest side of the network's input, in pixels."),
                        isRequired: true
                    ),
                    Field(
                        name: "rectangular",
                        schema: .boolean.described("Whether the input follows the picture's shape."),
                        isRequired: true
                    ),
                    Field(name: "precision", schema: .anyString.described("f32 or bf16."), isRequired: true),
                ])
            ),
            isRequired: true
        ),
    ])

    static let example: JSONValue = [
        "default": "yolov5s",
        "models": [
            [
                "name": "yolov5s", "task": "detect", "classes": ["person", "bicycle"], "input_side": 640,
                "rectangular": true, "precision": "bf16",
            ]
        ],
    ]
}
