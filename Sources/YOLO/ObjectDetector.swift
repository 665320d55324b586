public import Imaging
public import ObjectDetection

/// Finds objects in pictures.
public protocol ObjectDetector: Sendable {
    /// What the detector is.
    var model: ModelDescription { get }

    /// Finds the objects in a picture.
    ///
    /// - Parameters:
    ///   - image: The picture, of any size.
    ///   - options: What to keep.
    /// - Returns: Detections in pixels of `image`, best first, and what the steps took.
    /// - Throws: `InferenceError` when the network fails.
    func detect(in image: RGBImage, options: DetectionOptions) async throws -> DetectionResult
}

/// Which detections to keep.
///
/// The defaults are those of YOLOv5's AutoShape model, but for the maximum, which is that of its evaluation.
public struct DetectionOptions: Hashable, Sendable {
    /// Score in `0...1` that a detection must exceed.
    public var confidenceThreshold: Float
    /// Overlap in `0...1` above which the weaker of two detections is dropped.
    public var iouThreshold: Float
    /// How many detections to keep at most.
    public var maximumDetections: Int
    /// Class ids to keep; nil keeps all.
    public var classes: Set<Int>?
    /// Whether detections of different classes suppress each other.
    public var classAgnostic: Bool
    /// Whether one box may be of several classes, as when accuracy is evaluated.
    public var multiLabel: Bool

    /// Makes options.
    public init(
        confidenceThreshold: Float = 0.25,
        iouThreshold: Float = 0.45,
        maximumDetections: Int = 300,
        classes: Set<Int>? = nil,
        classAgnostic: Bool = false,
        multiLabel: Bool = false
    ) {
        self.confidenceThreshold = confidenceThreshold
        self.iouThreshold = iouThreshold
        self.maximumDetections = maximumDetections
        self.classes = classes
        self.classAgnostic = classAgnostic
        self.multiLabel = multiLabel
    }
}

/// What was found in a picture, and what it took.
public struct DetectionResult: Sendable {
    /// The detections, best first, in pixels of the picture.
    public var detections: [Detection]
    /// Time to fit the picture into the network's input.
    public var letterbox: Duration
    /// Time to run the network.
    public var inference: Duration
    /// Time to decode the network's answer.
    public var postprocessing: Duration

    /// Makes a result.
    public init(
        detections: [Detection],
        letterbox: Duration = .zero,
        inference: Duration = .zero,
        postprocessing: Duration = .zero
    ) {
        self.detections = detections
        self.letterbox = letterbox
        self.inference = inference
        self.postprocessing = postprocessing
    }
}

/// What a loaded model is.
public struct ModelDescription: Hashable, Sendable {
    /// What the model does.
    public enum Task: String, Sendable {
        /// Finds boxes.
        case detect
    }

    /// The model's name: its file's without the extension.
    public var name: String
    /// What it does.
    public var task: Task
    /// Its classes.
    public var labels: LabelMap
    /// Longest side of the network's input, in pixels.
    public var inputSide: Int
    /// Whether the input follows the picture's shape (rectangular) or is always square.
    public var isRectangular: Bool
    /// The arithmetic in use: `f32`, `bf16`.
    public var precision: String

    /// Describes a model.
    public init(
        name: String,
        task: Task = .detect,
        labels: LabelMap,
        inputSide: Int = 640,
        isRectangular: Bool = true,
        precision: String = "f32"
    ) {
        self.name = name
        self.task = task
        self.labels = labels
        self.inputSide = inputSide
        self.isRectangular = isRectangular
        self.precision = precision
    }
}
