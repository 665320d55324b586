internal import Imaging
internal import YOLO

/// How the masks of detections are written.
package enum MaskForm: String, CaseIterable, Sendable {
    /// As polygons in pixels of the picture.
    case polygon
    /// As COCO's compressed run lengths.
    case rle
    /// Not at all.
    case none
}

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
    var masks: MaskForm
    /// How far simplified polygons may be off, in pixels.
    var polygonTolerance: Double
    var form: Form
}
