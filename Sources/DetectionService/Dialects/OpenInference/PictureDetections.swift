internal import Inference
internal import ObjectDetection

/// The objects in several pictures as tensors: rows of zeros fill up to the largest number of objects.
struct PictureDetections {
    static let input = InferenceModels.Port(name: "images", type: .bytes, shape: [-1])

    static let outputs = [
        InferenceModels.Port(name: "boxes", type: .element(.f32), shape: [-1, -1, 4]),
        InferenceModels.Port(name: "scores", type: .element(.f32), shape: [-1, -1]),
        InferenceModels.Port(name: "classes", type: .element(.i64), shape: [-1, -1]),
        InferenceModels.Port(name: "num", type: .element(.i32), shape: [-1]),
    ]

    /// Left, top, right and bottom in pixels of the picture.
    private var boxes: [Float] = []
    private var scores: [Float] = []
    private var classes: [Int64] = []
    private var numbers: [Int32] = []
    private let maximum: Int

    init(_ pictures: [[Detection]]) {
        maximum = pictures.map(\.count).max() ?? 0
        for detections in pictures {
            for detection in detections {
                let box = detection.box
                boxes += [box.minX, box.minY, box.maxX, box.maxY]
                scores.append(detection.score)
                classes.append(Int64(detection.classID))
            }
            let missing = maximum - detections.count
            boxes += [Float](repeating: 0, count: 4 * missing)
            scores += [Float](repeating: 0, count: missing)
            classes += [Int64](repeating: 0, count: missing)
            numbers.append(Int32(detections.count))
        }
    }

    /// Calls `body` with the outputs.
    func withViews<Result>(_ body: ([TensorView]) throws -> Result) rethrows -> Result {
        try boxes.withUnsafeBytes { boxes in
            try scores.withUnsafeBytes { scores in
                try classes.withUnsafeBytes { classes in
                    try numbers.withUnsafeBytes { numbers in
                        let shapes = [[self.numbers.count, maximum, 4], [self.numbers.count, maximum]]
                        let all = [
                            (boxes, shapes[0]), (scores, shapes[1]), (classes, shapes[1]),
                            (numbers, [self.numbers.count]),
                        ]
                        return try body(
                            zip(Self.outputs, all).map { port, values in
                                TensorView(name: port.name, type: port.type, shape: values.1, bytes: values.0)
                            }
                        )
                    }
                }
            }
        }
    }
}
