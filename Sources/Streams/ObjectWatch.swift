package import DetectionPipeline

/// Finds out what happens to the objects of a stream.
///
/// An object has appeared when it was seen for half a second, which flickering detections are not, and has left when it was
/// lost for good. A change of zones counts when it was seen in two pictures.
package struct ObjectWatch {
    /// What happened, without its id.
    package struct Change {
        package var kind: ObjectEvent.Kind
        package var track: Int
        package var entered: [String] = []
        package var exited: [String: Double] = [:]
        /// The object when it was last seen, with its highest score.
        package var object: DetectedObject
        package var zones: [String] = []
    }

    private struct Known {
        var object: DetectedObject
        let firstTime: Double
        var lastTime: Double
        var hasAppeared = false
        /// Zones that count, with the time since when.
        var zones: [String: Double] = [:]
        /// Zones of the last picture, which count if the next one has them, too.
        var lastZones: Set<String> = []
    }

    /// Seconds after which an object has appeared.
    static let minimumAge = 0.5

    private var known: [Int: Known] = [:]

    package init() {}

    /// Numbers of the objects that have appeared and not left.
    package var present: Int { known.values.count(where: \.hasAppeared) }

    /// Looks at the objects of the next picture.
    ///
    /// - Parameters:
    ///   - objects: Those that are followed, with their zones.
    ///   - living: Numbers of all objects that may appear again.
    ///   - time: Time of the picture in seconds.
    /// - Returns: What has happened, in order.
    package mutating func look(at objects: [DetectedObject], living: Set<Int>, time: Double) -> [Change] {
        var changes: [Change] = []
        for object in objects {
            guard let track = object.track else { continue }
            var entry = known[track] ?? Known(object: object, firstTime: time, lastTime: time)
            let score = max(entry.object.score, object.score)
            entry.object = object
            entry.object.score = score
            entry.lastTime = time
            let zones = Set(object.zones ?? [])
            if !entry.hasAppeared {
                if time - entry.firstTime >= Self.minimumAge {
                    entry.hasAppeared = true
                    entry.zones = Dictionary(uniqueKeysWithValues: zones.map { ($0, time) })
                    changes.append(change(.appeared, track, entry, entered: zones.sorted()))
                }
            } else {
                let entered = zones.filter { entry.zones[$0] == nil && entry.lastZones.contains($0) }
                let exited = entry.zones.filter { !zones.contains($0.key) && !entry.lastZones.contains($0.key) }
                for name in entered { entry.zones[name] = time }
                for name in exited.keys { entry.zones[name] = nil }
                if !entered.isEmpty || !exited.isEmpty {
                    let durations = exited.mapValues { Self.rounded(time - $0) }
                    changes.append(change(.moved, track, entry, entered: entered.sorted(), exited: durations))
                }
            }
            entry.lastZones = zones
            known[track] = entry
        }
        for track in known.keys.filter({ !living.contains($0) }).sorted() {
            if let change = leave(track) { changes.append(change) }
        }
        return changes
    }

    /// Lets all objects leave, because the stream has ended.
    package mutating func end() -> [Change] { known.keys.sorted().compactMap { leave($0) } }

    private mutating func leave(_ track: Int) -> Change? {
        guard let entry = known.removeValue(forKey: track), entry.hasAppeared else { return nil }
        var last = entry
        last.zones = [:]
        return change(.left, track, last, exited: entry.zones.mapValues { Self.rounded(entry.lastTime - $0) })
    }

    private func change(
        _ kind: ObjectEvent.Kind,
        _ track: Int,
        _ entry: Known,
        entered: [String] = [],
        exited: [String: Double] = [:]
    ) -> Change {
        Change(
            kind: kind,
            track: track,
            entered: entered,
            exited: exited,
            object: entry.object,
            zones: entry.zones.keys.sorted()
        )
    }

    private static func rounded(_ seconds: Double) -> Double { max(0, (seconds * 1e3).rounded() / 1e3) }
}
