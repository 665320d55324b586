internal import Imaging
internal import YOLO

/// What a client wants to know of a picture.
struct DetectionRequest: Sendable {
    /// How the answer is to look.
    enum Form: Sendable {
        case json(drawn: ImageFormat?)
        case drawn(ImageFormat)

        /// The format to draw the detections in, if they are to be drawn.
        var drawnFormat: ImageFormat? {
            switch self {
            case .json(let format): format
            case .drawn(let format): format
            }
        }
    }

    var detector: any ObjectDetector
    var options: DetectionOptions
    var form: Form
}

/// What was found in one picture.
struct DetectionOutcome: Sendable {
    var body: DetectionBody
    /// The picture with the detections drawn on it, where it is the answer itself; else empty.
    var drawn: [UInt8]
}
