public import Inference
public import ObjectDetection

/// What a loaded model is.
public struct ModelDescription: Hashable, Sendable {
    /// What the model does.
    public enum Task: String, CaseIterable, Sendable {
        /// Finds boxes.
        case detect
        /// Finds boxes, and a mask in each.
        case segment
    }

    /// The model's name: its file's without the extension.
    public var name: String
    /// What it does.
    public var task: Task
    /// Its classes.
    public var labels: LabelMap
    /// Longest side of the network's input, in pixels.
    public var inputSide: Int
    /// Whether the input follows the picture's shape (rectangular) or is always the same.
    public var isRectangular: Bool
    /// The arithmetic in use: `f32`, `bf16`.
    public var precision: String
    /// Pictures that the network works on at the same time.
    public var streams: Int
    /// The form of its file.
    public var format: ModelFile.Format
    /// SHA-256 of its file, in hexadecimal digits.
    public var sha256: String
    /// Its size, and what a square picture of ``inputSide`` costs.
    public var cost: Graph.Cost

    /// Describes a model.
    public init(
        name: String,
        task: Task = .detect,
        labels: LabelMap,
        inputSide: Int = 640,
        isRectangular: Bool = true,
        precision: String = "f32",
        streams: Int = 1,
        format: ModelFile.Format = .onnx,
        sha256: String = "",
        cost: Graph.Cost = Graph.Cost(parameters: 0, operations: 0)
    ) {
        self.name = name
        self.task = task
        self.labels = labels
        self.inputSide = inputSide
        self.isRectangular = isRectangular
        self.precision = precision
        self.streams = streams
        self.format = format
        self.sha256 = sha256
        self.cost = cost
    }
}
