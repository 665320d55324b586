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
    let settings: DetectionSettings

    /// The detections as they are written to responses and results.
    package var objects: DetectedObjects {
        DetectedObjects(
            detections,
            labels: model.labels,
            masks: settings.masks,
            polygonTolerance: settings.polygonTolerance
        )
    }
}
