public import Imaging
public import ObjectDetection

/// Finds objects in pictures.
public protocol ObjectDetector: Sendable {
    /// What the detector is.
    var model: ModelDescription { get }

    /// Finds the objects in a picture.
    ///
    /// - Parameters:
    ///   - image: The picture, of any size, in at least as many pixels as the network takes.
    ///   - options: What to keep.
    ///   - mode: What to use the cores for.
    /// - Returns: Detections in pixels of the whole picture, best first, and what the steps took.
    /// - Throws: `InferenceError` when the network fails.
    func detect(
        in image: ReducedImage,
        options: DetectionOptions,
        mode: PerformanceMode
    ) async throws -> DetectionResult
}

extension ObjectDetector {
    /// Finds the objects in a picture that is there in all its pixels.
    ///
    /// - Parameters:
    ///   - image: The picture, of any size.
    ///   - options: What to keep.
    ///   - mode: What to use the cores for.
    /// - Returns: Detections in pixels of the picture, best first, and what the steps took.
    /// - Throws: `InferenceError` when the network fails.
    public func detect(
        in image: RGBImage,
        options: DetectionOptions,
        mode: PerformanceMode = .throughput
    ) async throws -> DetectionResult {
        try await detect(in: ReducedImage(image), options: options, mode: mode)
    }
}

/// What a detector uses the cores for.
public enum PerformanceMode: Sendable {
    /// All for one picture, so that it is done soonest.
    case latency
    /// A stream for each of several pictures, so that most are done.
    case throughput
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
    /// Whether to work out masks, where the model has them.
    public var masks: Bool

    /// Makes options.
    public init(
        confidenceThreshold: Float = 0.25,
        iouThreshold: Float = 0.45,
        maximumDetections: Int = 300,
        classes: Set<Int>? = nil,
        classAgnostic: Bool = false,
        multiLabel: Bool = false,
        masks: Bool = true
    ) {
        self.confidenceThreshold = confidenceThreshold
        self.iouThreshold = iouThreshold
        self.maximumDetections = maximumDetections
        self.classes = classes
        self.classAgnostic = classAgnostic
        self.multiLabel = multiLabel
        self.masks = masks
    }
}

/// What was found in a picture, and what it took.
public struct DetectionResult: Sendable {
    /// The detections, best first, in pixels of the picture.
    public var detections: [Detection]
    /// Time to fit the picture into the network's input.
    public var letterbox: Duration
    /// Time to decode the network's answer, without masks.
    public var postprocessing: Duration
    /// Time to work out the masks.
    public var masks: Duration

    /// Makes a result.
    public init(
        detections: [Detection],
        letterbox: Duration = .zero,
        postprocessing: Duration = .zero,
        masks: Duration = .zero
    ) {
        self.detections = detections
        self.letterbox = letterbox
        self.postprocessing = postprocessing
        self.masks = masks
    }
}
