internal import HTTPTypes
internal import Hummingbird
internal import Inference
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

    var reloadModels: Operation {
        Operation(
            id: "reload_models",
            method: .post,
            path: "/models/reload",
            tag: .detection,
            summary: "Loads the models whose files are new or have changed, and forgets those that are gone.",
            details: """
                Requests are served meanwhile, by the models as they were. A file that cannot be loaded leaves the \
                model as it was; `failed` says why.
                """,
            answers: [
                Operation.Answer(
                    summary: "What has changed, by the models' names.",
                    contents: [.json(ModelChangesBody.schema, example: ModelChangesBody.example)]
                )
            ],
            problems: [.busy, .notReady]
        ) { call in
            let changes: ModelChanges
            do {
                changes = try await models.reload()
            } catch let error as InferenceError where error.code == .queueFull {
                throw Problem(.busy, "The models are being loaded already.", headers: [.retryAfter: "5"])
            } catch is ModelFolderError {
                throw Problem(
                    .notReady,
                    "The models' folder cannot be read; the models are served as they were.",
                    headers: [.retryAfter: "30"]
                )
            }
            changes.log(to: call.context.logger)
            return try .json(ModelChangesBody(changes))
        }
    }
}

private struct ModelChangesBody: Encodable {
    struct Failure: Encodable {
        var name: String
        var reason: String
    }

    var added: [String]
    var replaced: [String]
    var removed: [String]
    var failed: [Failure]

    init(_ changes: ModelChanges) {
        added = changes.added
        replaced = changes.replaced
        removed = changes.removed
        failed = changes.failed.sorted { $0.key < $1.key }.map(Failure.init)
    }

    static let schema = Schema.object([
        Field(name: "added", schema: .array(of: .anyString), isRequired: true),
        Field(name: "replaced", schema: .array(of: .anyString), isRequired: true),
        Field(name: "removed", schema: .array(of: .anyString), isRequired: true),
        Field(
            name: "failed",
            schema: .array(
                of: .object([
                    Field(name: "name", schema: .anyString, isRequired: true),
                    Field(name: "reason", schema: .anyString, isRequired: true),
                ])
            ),
            isRequired: true
        ),
    ])

    static let example: JSONValue = [
        "added": [], "replaced": ["street"], "removed": [],
        "failed": [["name": "boats", "reason": "the archive ends in the middle of an entry"]],
    ]
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
            case format
            case parameters
            case gflops
            case sha256
        }

        var name: String
        var task: String
        var classes: [String]
        var inputSide: Int
        var isRectangular: Bool
        var precision: String
        var format: String
        var parameters: Int
        var gflops: Double
        var sha256: String

        init(_ model: ModelDescription) {
            name = model.name
            task = model.task.rawValue
            classes = model.labels.names
            inputSide = model.inputSide
            isRectangular = model.isRectangular
            precision = model.precision
            format = model.format.rawValue
            parameters = model.cost.parameters
            gflops = model.cost.gigaOperations
            sha256 = model.sha256
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
                    Field(
                        name: "task",
                        schema: .oneOf(ModelDescription.Task.allCases.map(\.rawValue)),
                        isRequired: true
                    ),
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
                    Field(
                        name: "format",
                        schema: .oneOf(ModelFile.Format.allCases.map(\.rawValue)).described("The file's ending."),
                        isRequired: true
                    ),
                    Field(name: "parameters", schema: .anyInteger.described("Weights and biases."), isRequired: true),
                    Field(
                        name: "gflops",
                        schema: .anyNumber.described("10^9 operations for a square picture of the input side."),
                        isRequired: true
                    ),
                    Field(name: "sha256", schema: .anyString.described("Of the file."), isRequired: true),
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
                "rectangular": true, "precision": "bf16", "format": "pt", "parameters": 7_225_885, "gflops": 16.5,
                "sha256": "8b3b748c1e592ddd8868022e8732fde20025197328490623cc16c6f24d0782ee",
            ]
        ],
    ]
}
