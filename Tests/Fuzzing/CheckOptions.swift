import JSONSchema
import ObjectDetection
import YOLO

private let model = ModelDescription(name: "fuzzed", labels: LabelMap((0..<80).map { "class\($0)" }))

/// Reads options as a detection does, and checks that those that passed validation are in their ranges.
func check(_ values: Values, _ errors: ValidationErrors) {
    var errors = errors
    precondition(errors.list.count <= 20, "a report grows with its input")
    precondition(errors.list.allSatisfy { $0.message.utf8.count < 4096 }, "a message repeats its input")
    guard errors.list.isEmpty, let settings = try? DetectionSettings(values, for: model, at: "body") else { return }
    let options = settings.options
    precondition((0...1).contains(options.confidenceThreshold) && (0...1).contains(options.iouThreshold))
    precondition((1...1000).contains(options.maximumDetections) && (0...100).contains(settings.polygonTolerance))
    precondition(options.classes?.allSatisfy { (0..<80).contains($0) } ?? true)
}
