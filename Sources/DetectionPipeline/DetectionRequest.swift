package import Imaging
internal import ObjectDetection
package import YOLO

/// What to detect in a picture, and how to draw it.
package struct DetectionRequest: Sendable {
    /// How the picture is decoded for the network.
    package enum Decoding: Sendable {
        /// As served: by the pipeline's options, and large JPEGs at reduced resolution.
        case standard
        /// As in YOLOv5's training: profiles are ignored, and JPEGs are decoded at full resolution.
        case asTrained
    }

    /// A copy of the picture with the detections drawn.
    package struct Drawing: Sendable {
        /// Format of the copy; nil for the picture's own, or PNG if that cannot be written.
        package var format: ImageFormat?
        var labels: LabelMap
    }

    package let detector: any ObjectDetector
    package private(set) var settings: DetectionSettings
    package let decoding: Decoding
    /// The requested drawing; nil for none.
    package private(set) var drawing: Drawing?
    /// How the network uses the cores; nil decides by the load.
    package private(set) var mode: PerformanceMode?

    /// Requests detections without a drawing.
    package init(
        _ detector: any ObjectDetector,
        settings: DetectionSettings,
        decoding: Decoding = .standard
    ) {
        self.detector = detector
        self.settings = settings
        self.decoding = decoding
    }

    /// Length in pixels that the longer side of a decoded picture needs.
    package var decodingSide: Int {
        // Slices are as sharp as the picture.
        guard settings.slices == nil else { return .max }
        return detector.model.decodingScale * (settings.options.inputSide ?? detector.model.inputSide)
    }

    /// Fixes how the network uses the cores, instead of deciding by the load.
    package func using(_ mode: PerformanceMode) -> DetectionRequest {
        var copy = self
        copy.mode = mode
        return copy
    }

    /// Detects by other settings.
    package func with(settings: DetectionSettings) -> DetectionRequest {
        var copy = self
        copy.settings = settings
        return copy
    }

    /// Requests no drawing.
    package func withoutDrawing() -> DetectionRequest {
        var copy = self
        copy.drawing = nil
        return copy
    }

    /// Also requests a copy of the picture with the detections drawn.
    ///
    /// - Parameter format: An encodable format; nil for the picture's own, or PNG if that cannot be written.
    /// - Returns: The extended request.
    package func drawing(as format: ImageFormat?) -> DetectionRequest {
        var copy = self
        copy.drawing = Drawing(format: format, labels: detector.model.labels)
        return copy
    }
}
