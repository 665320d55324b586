package import ObjectDetection
package import Tracking
internal import YOLO

/// Turns what was detected in the pictures of one source, one after the other, into what is reported.
///
/// Objects are followed with weaker detections than those that are reported: one that is half hidden stays the same one.
/// Filters and zones come last, so that an object keeps its number while it is outside.
package struct ObjectFollower: Sendable {
    /// The reported objects of a picture.
    package struct Report: Sendable {
        /// Best first, in pixels.
        package let detections: [Detection]
        /// For each detection the object that it is; nil for those that are not followed.
        package let tracks: [Tracker.Track?]
        /// The objects as they are written.
        package let objects: DetectedObjects
        /// Objects that are followed, but were not asked for; nil for none.
        package fileprivate(set) var others: [DetectedObject]?
        /// The zones of followed objects that were not asked for, by their numbers.
        package fileprivate(set) var outside: [Int: [String]] = [:]
        /// The model's class names.
        package let labels: LabelMap
        let zones: [[String]]?
    }

    private let settings: DetectionSettings
    private let labels: LabelMap
    private let tracking: TrackingSettings?
    private var tracker: Tracker?
    private var last: Report?

    /// - Parameters:
    ///   - settings: What is reported.
    ///   - labels: The model's class names.
    ///   - rate: Pictures per second; nil does not follow objects.
    package init(_ settings: DetectionSettings, labels: LabelMap, rate: Double?) {
        self.settings = settings
        self.labels = labels
        tracking = rate.map { rate in
            TrackingSettings(
                rate: rate,
                confidence: settings.options.confidenceThreshold,
                classConfidence: settings.options.classThresholds
            )
        }
        tracker = tracking.map(Tracker.init)
    }

    /// What to detect in each picture: everything that objects are followed by.
    package var detectionSettings: DetectionSettings {
        guard tracker != nil else { return settings }
        var wider = settings
        wider.options.confidenceThreshold = min(settings.options.confidenceThreshold, TrackingSettings.weakScore)
        wider.options.classThresholds = settings.options.classThresholds.mapValues {
            min($0, TrackingSettings.weakScore)
        }
        wider.filter = DetectionFilter()
        wider.zones = nil
        wider.cropMargin = nil
        wider.options.maximumDetections = max(wider.options.maximumDetections, DetectionSettings.maximumBeforeFilter)
        return wider
    }

    /// Follows objects through a picture that was reported before.
    ///
    /// - Parameters:
    ///   - objects: The reported objects.
    ///   - isStill: Whether they were those of the picture before.
    ///   - time: Time of the picture in seconds.
    package mutating func replay(_ objects: [DetectedObject], isStill: Bool, at time: Double) {
        guard !isStill else {
            tracker?.rest(to: time)
            return
        }
        // Best first, as they were detected: new objects are numbered in this order.
        _ = tracker?.advance(objects.sorted { $0.score > $1.score }.map(\.detection), to: time)
    }

    /// Selects and describes what was detected in the next picture.
    ///
    /// - Parameters:
    ///   - detections: Detections by ``detectionSettings``, best first.
    ///   - width: Width of the picture in pixels.
    ///   - height: Height of the picture in pixels.
    ///   - time: Time of the picture in seconds.
    /// - Returns: What is reported.
    /// - Throws: `CancellationError`.
    package mutating func report(
        _ detections: [Detection],
        width: Int,
        height: Int,
        at time: Double
    ) throws -> Report {
        var found = detections
        var tracks: [Int: Tracker.Track] = [:]
        if let tracking, var tracker {
            // With the rounded numbers of the results, they can be replayed.
            let rounded = found.map { DetectedObject($0, label: "", masks: .none, tolerance: 0).detection }
            let followed = tracker.advance(rounded, to: time)
            self.tracker = tracker
            let byDetection = Dictionary(followed.map { ($0.detection, $0) }, uniquingKeysWith: { first, _ in first })
            let kept = found.indices.filter { index in
                byDetection[index] != nil || tracking.isStrong(found[index])
            }
            for (index, kept) in kept.enumerated() { tracks[index] = byDetection[kept] }
            found = kept.map { found[$0] }
        }
        let selection = try settings.select(found, width: width, height: height)
        let selected = selection.indices.map { found[$0] }
        let selectedTracks = selection.indices.map { tracks[$0] }
        var report = report(selected, selectedTracks, zones: selection.zones, at: time)
        if tracker != nil, selection.indices.count < found.count {
            let kept = Set(selection.indices)
            let others = found.indices.filter { !kept.contains($0) }
            report.others = others.map { index in
                DetectedObject(found[index], label: labels[found[index].classID], masks: .none, tolerance: 0)
            }
            let zones = try settings.zones?.names(for: others.map { found[$0] }, width: width, height: height)
            for (place, index) in others.enumerated() {
                if let track = tracks[index] { report.outside[track.id] = zones?[place] ?? [] }
            }
        }
        last = report
        return report
    }

    /// The numbers of the objects that may appear again.
    package var living: Set<Int> { tracker?.living ?? [] }

    /// Reports the objects of the last picture again, because nothing has moved since.
    ///
    /// - Parameter time: Time of the picture in seconds.
    /// - Returns: The report; nil before the first picture.
    package mutating func hold(to time: Double) -> Report? {
        guard let last else { return nil }
        tracker?.rest(to: time)
        let tracks = last.tracks.map { track in
            track.map { track -> Tracker.Track in
                var track = track
                (track.velocityX, track.velocityY) = (0, 0)
                return track
            }
        }
        var report = report(last.detections, tracks, zones: last.zones, at: time)
        report.outside = last.outside
        self.last = report
        return report
    }

    private mutating func report(
        _ detections: [Detection],
        _ tracks: [Tracker.Track?],
        zones: [[String]]?,
        at time: Double
    ) -> Report {
        let report = Report(
            detections: detections,
            tracks: tracks,
            objects: DetectedObjects(
                detections,
                labels: labels,
                zones: zones,
                tracks: tracker == nil ? nil : (tracks, time),
                masks: settings.masks,
                polygonTolerance: settings.polygonTolerance
            ),
            labels: labels,
            zones: zones
        )
        last = report
        return report
    }
}

extension DetectedObject {
    /// The detection that it was, without its mask, with the rounded numbers.
    package var detection: Detection {
        let (x, y) = (box.origin[0], box.origin[1])
        return Detection(
            box: BoundingBox(
                minX: Float(x),
                minY: Float(y),
                maxX: Float(x + box.size[0]),
                maxY: Float(y + box.size[1])
            ),
            score: Float(score),
            classID: classID
        )
    }
}
