package import Imaging
internal import ObjectDetection
package import YOLO

/// Detects a cat in the left half of every picture and a dog in the right half, with scores of 0.9 and 0.5.
package struct RuleDetector: ObjectDetector {
    package let model: ModelDescription
    private let delay: Duration

    package init(
        model: ModelDescription = ModelDescription(name: "rule", labels: LabelMap(["cat", "dog"])),
        delay: Duration = .zero
    ) {
        self.model = model
        self.delay = delay
    }

    package func detect(
        in image: ReducedImage,
        options: DetectionOptions,
        mode: PerformanceMode
    ) async throws -> DetectionResult {
        if delay > .zero { try await Task.sleep(for: delay) }
        let middle = Float(image.width) / 2
        let width = Float(image.width)
        let height = Float(image.height)
        let all = [
            Detection(box: BoundingBox(minX: 0, minY: 0, maxX: middle, maxY: height), score: 0.9, classID: 0),
            Detection(box: BoundingBox(minX: middle, minY: 0, maxX: width, maxY: height), score: 0.5, classID: 1),
        ]
        let kept = all.filter { detection in
            detection.score > options.confidenceThreshold && options.classes?.contains(detection.classID) ?? true
        }
        return DetectionResult(detections: Array(kept.prefix(options.maximumDetections)))
    }
}
