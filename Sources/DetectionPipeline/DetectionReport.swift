package import Imaging
package import ObjectDetection
package import YOLO

/// The detections in one picture.
package struct DetectionReport: Sendable {
    /// A copy of the picture with the detections drawn.
    package struct Drawn: Sendable {
        package var bytes: [UInt8]
        package var format: ImageFormat
    }

    package let model: ModelDescription
    /// Width of the upright picture in pixels.
    package let width: Int
    /// Height of the upright picture in pixels.
    package let height: Int
    /// Best first, in pixels of the picture.
    package let detections: [Detection]
    /// nil unless a drawing was requested.
    package let drawn: Drawn?
    /// Whether the picture is cut off, so that objects may be missing.
    package let isTruncated: Bool
    /// Number of slices that were searched besides the whole picture; nil if that was not requested.
    package let sliceCount: Int?
    /// For each detection, the names of its zones; nil if there are none.
    package let zones: [[String]]?
    /// Makes the detections' pictures; nil if they were not requested.
    package let crops: Crops?
    let settings: DetectionSettings

    /// The requested longer side of the network's input, in pixels; nil for the model's own.
    package var inputSide: Int? { settings.options.inputSide }

    /// The detections as they are written to responses and results.
    package var objects: DetectedObjects {
        DetectedObjects(
            detections,
            labels: model.labels,
            zones: zones,
            crops: crops,
            masks: settings.masks,
            polygonTolerance: settings.polygonTolerance
        )
    }
}
