package import Inference
package import ObjectDetection

/// Description of a loaded model.
package struct ModelDescription: Hashable, Sendable {
    /// A task that a model performs.
    package enum Task: String, CaseIterable, Sendable {
        /// Detection of bounding boxes.
        case detect
        /// Detection of bounding boxes, and a mask for each.
        case segment
    }

    /// Name of the model: its file name without the extension.
    package var name: String
    /// Task that the model performs.
    package var task: Task
    /// Names of the classes.
    package var labels: LabelMap
    /// Longest side of the network's input, in pixels.
    package var inputSide: Int
    /// Largest stride of the network in pixels if its input may have other sizes, multiples of it; nil if it is fixed.
    package var stride: Int?
    /// Pixels along the longest side that a decoded picture needs for each of the input's.
    package var decodingScale: Int
    /// Whether the input follows the picture's shape (rectangular) or always has the same shape.
    package var isRectangular: Bool
    /// Numeric precision in use, such as `f32` or `bf16`.
    package var precision: String
    /// Names of the devices that run the network, separated by commas.
    package var device: String
    /// Number of pictures processed in parallel.
    package var streams: Int
    /// Format of the file.
    package var format: ModelFile.Format
    /// SHA-256 of the file, in lowercase hexadecimal digits.
    package var sha256: String
    /// Parameters, and operations for a square picture of ``inputSide``.
    package var cost: Graph.Cost

    package init(
        name: String,
        task: Task = .detect,
        labels: LabelMap,
        inputSide: Int = 640,
        stride: Int? = 32,
        decodingScale: Int = 1,
        isRectangular: Bool = true,
        precision: String = "f32",
        device: String = CompileOptions.usualDevice,
        streams: Int = 1,
        format: ModelFile.Format = .onnx,
        sha256: String = "",
        cost: Graph.Cost = Graph.Cost(parameters: 0, operations: 0)
    ) {
        self.name = name
        self.task = task
        self.labels = labels
        self.inputSide = inputSide
        self.stride = stride
        self.decodingScale = decodingScale
        self.isRectangular = isRectangular
        self.precision = precision
        self.device = device
        self.streams = streams
        self.format = format
        self.sha256 = sha256
        self.cost = cost
    }
}
