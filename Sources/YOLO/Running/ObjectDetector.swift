package import Imaging
package import ObjectDetection

/// Detects objects in pictures.
package protocol ObjectDetector: Sendable {
    /// Description of the detector's model.
    var model: ModelDescription { get }

    /// Detects the objects in a picture.
    ///
    /// - Parameters:
    ///   - image: Picture of any size, at no lower resolution than that of the network's input.
    ///   - options: Which detections to keep.
    ///   - mode: How to use the CPU cores.
    /// - Returns: Detections in pixels of the full picture, best first, and the duration of each step.
    /// - Throws: ``InferenceError`` if running the network fails, and `CancellationError` if the task is cancelled.
    func detect(
        in image: ReducedImage,
        options: DetectionOptions,
        mode: PerformanceMode
    ) async throws -> DetectionResult

    /// Loads the network as its file defines it, which blocks the thread for seconds.
    ///
    /// - Throws: ``YOLOError`` if the network cannot be used without the processing of pictures.
    func tensors() throws(YOLOError) -> TensorNetwork
}

extension ObjectDetector {
    package func tensors() throws(YOLOError) -> TensorNetwork {
        throw YOLOError(.invalidModel, "it has no tensors")
    }

    /// Detects the objects in a picture of full resolution.
    ///
    /// - Parameters:
    ///   - image: Picture of any size.
    ///   - options: Which detections to keep.
    ///   - mode: How to use the CPU cores.
    /// - Returns: Detections in pixels of the picture, best first, and the duration of each step.
    /// - Throws: ``InferenceError`` if running the network fails, and `CancellationError` if the task is cancelled.
    package func detect(
        in image: RGBImage,
        options: DetectionOptions,
        mode: PerformanceMode = .throughput
    ) async throws -> DetectionResult {
        try await detect(in: ReducedImage(image), options: options, mode: mode)
    }
}

/// How a detector uses the CPU cores.
package enum PerformanceMode: Sendable {
    /// All cores for one picture, for the shortest time per picture.
    case latency
    /// Several pictures in parallel, each in its own stream, for the most pictures per second.
    case throughput
}

/// How to run the network, and which detections to keep.
///
/// The defaults are those of YOLOv5's AutoShape model, except the maximum, which is that of its evaluation.
package struct DetectionOptions: Hashable, Sendable {
    /// Longest side of the network's input in pixels, a multiple of its stride; nil for the model's own.
    ///
    /// Networks with a fixed input accept no other.
    package var inputSide: Int?
    /// Areas of the picture that the network does not see, in its pixels.
    package var ignored: [Region] = []
    /// Score in `0...1` that a detection must exceed.
    package var confidenceThreshold: Float
    /// Scores for single classes, by their ids, in place of ``confidenceThreshold``.
    package var classThresholds: [Int: Float]
    /// Intersection over union in `0...1` above which the detection with the lower score is dropped.
    package var iouThreshold: Float
    /// Maximum number of detections to keep.
    package var maximumDetections: Int
    /// Class ids to keep; nil keeps all.
    package var classes: Set<Int>?
    /// Whether detections of different classes suppress each other.
    package var classAgnostic: Bool
    /// Whether one box may have several classes, as in accuracy evaluation.
    package var multiLabel: Bool
    /// Whether to decode masks, if the model has them.
    package var masks: Bool

    package init(
        inputSide: Int? = nil,
        confidenceThreshold: Float = 0.25,
        classThresholds: [Int: Float] = [:],
        iouThreshold: Float = 0.45,
        maximumDetections: Int = 300,
        classes: Set<Int>? = nil,
        classAgnostic: Bool = false,
        multiLabel: Bool = false,
        masks: Bool = true
    ) {
        self.inputSide = inputSide
        self.confidenceThreshold = confidenceThreshold
        self.classThresholds = classThresholds
        self.iouThreshold = iouThreshold
        self.maximumDetections = maximumDetections
        self.classes = classes
        self.classAgnostic = classAgnostic
        self.multiLabel = multiLabel
        self.masks = masks
    }
}

/// The detections in a picture, and the duration of each step.
package struct DetectionResult: Sendable {
    /// The detections, best first, in pixels of the picture.
    package var detections: [Detection]
    /// Time to fit the picture into the network's input.
    package var letterbox: Duration
    /// Time to decode the network's outputs, without masks.
    package var postprocessing: Duration
    /// Time to decode the masks.
    package var masks: Duration

    package init(
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
