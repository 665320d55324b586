package import ObjectDetection

/// Which detections to report, by their boxes.
package struct DetectionFilter: Hashable, Sendable {
    /// A limit on the area of boxes.
    package enum Area: Hashable, Sendable {
        /// In square pixels.
        case pixels(Float)
        /// Share of the picture's area, in `0...1`.
        case share(Float)

        /// - Parameter value: Up to 1, a share of the picture; above, square pixels.
        init(_ value: Double) {
            self = value <= 1 ? .share(Float(value)) : .pixels(Float(value))
        }

        fileprivate func squarePixels(width: Int, height: Int) -> Float {
            switch self {
            case .pixels(let area): area
            case .share(let share): share * Float(width) * Float(height)
            }
        }
    }

    package var minimumArea: Area?
    package var maximumArea: Area?
    /// Width of a box divided by its height.
    package var minimumRatio: Float?
    package var maximumRatio: Float?
    /// Whether to drop detections that are in no zone.
    package var isOnlyZones = false

    package init() {}

    /// Whether it keeps all detections.
    var isOpen: Bool { self == DetectionFilter() }

    /// Whether to report a detection in a picture of the given size in pixels.
    package func keeps(_ detection: Detection, width: Int, height: Int) -> Bool {
        let box = detection.box
        if let minimumArea, box.area < minimumArea.squarePixels(width: width, height: height) { return false }
        if let maximumArea, box.area > maximumArea.squarePixels(width: width, height: height) { return false }
        // Not divided, because a box at the edge may have no height.
        if let minimumRatio, box.width < minimumRatio * box.height { return false }
        if let maximumRatio, box.width > maximumRatio * box.height { return false }
        return true
    }
}
