package import ObjectDetection

/// Thresholds of a tracker.
package struct TrackingSettings: Hashable, Sendable {
    /// Score above which a detection may continue a track, although it is too weak to be reported by itself.
    package static let weakScore: Float = 0.1

    /// Pictures per second.
    package var rate: Double
    /// Score above which a detection is strong, in `0...1`.
    package var confidence: Float
    /// Scores for single classes, by their ids, in place of ``confidence``.
    package var classConfidence: [Int: Float]
    /// Seconds for which a track is kept without a detection.
    package var maximumLostSeconds: Double

    /// - Parameters:
    ///   - rate: Pictures per second, more than 0.
    ///   - confidence: Score above which a detection is strong, in `0...1`.
    ///   - classConfidence: Scores for single classes, by their ids.
    package init(rate: Double, confidence: Float = 0.25, classConfidence: [Int: Float] = [:]) {
        self.rate = rate
        self.confidence = confidence
        self.classConfidence = classConfidence
        // At a few pictures per second, an object that is missed twice would be lost.
        maximumLostSeconds = max(1, 5 / rate)
    }

    /// Whether a detection is reported by itself, and followed before weaker ones.
    package func isStrong(_ detection: Detection) -> Bool { detection.score > threshold(of: detection) }

    /// Whether a detection that continues no track begins one: it must be a little more certain.
    func beginsTrack(_ detection: Detection) -> Bool {
        let threshold = threshold(of: detection)
        return detection.score > threshold + min(0.1, (1 - threshold) / 2)
    }

    private func threshold(of detection: Detection) -> Float { classConfidence[detection.classID] ?? confidence }
}
