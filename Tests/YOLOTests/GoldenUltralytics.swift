import Foundation

/// Expected values for a checkpoint in Tests/Fixtures/ultralytics, written by Tools/Goldens/ultralytics_golden.py.
struct GoldenUltralytics: Decodable {
    var names: [String]
    var strides: [Int]
    var bins: Int
    var endToEnd: Bool
    var inputSide: Int
    var maskCoefficients: Int
    var parameters: Int
    /// Size of the picture, whose pixels are those of ``GoldenCheckpoint/Picture``.
    var height: Int
    var width: Int
    /// Logits of each head's boxes, scores and mask coefficients, and the prototypes.
    var outputs: [GoldenCheckpoint.Output]
    /// The best boxes as the package decodes them: left, top, right and bottom edge in pixels, score, class.
    var boxes: [[Float]]

    /// All checkpoints by name.
    static let all: [String: GoldenUltralytics] = goldens("ultralytics/expected.json")
}
