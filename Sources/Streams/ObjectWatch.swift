package import DetectionPipeline
internal import ObjectDetection

/// Finds out what happens to the objects of a stream.
///
/// An object has appeared when it was seen for half a second, which flickering detections are not, and has left when it was
/// lost for good. A change of zones, or of the side of a line, counts when it was seen in two pictures.
package struct ObjectWatch {
    /// What happened, without its id.
    package struct Change {
        package var kind: ObjectEvent.Kind
        package var track: Int
        package var entered: [String] = []
        package var exited: [String: Double] = [:]
        package var crossed: [String: CountingLine.Direction] = [:]
        package var stayed: [String] = []
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
        /// Zones in which it has stayed; an empty name for the picture.
        var stayed: Set<String> = []
        var lines: [String: LineMemory] = [:]
        /// Lines that it crossed before it had appeared.
        var crossed: [String: CountingLine.Direction] = [:]

        var foot: Region.Point {
            Region.Point(x: object.box.origin[0] + object.box.size[0] / 2, y: object.box.origin[1] + object.box.size[1])
        }

        var center: Region.Point {
            Region.Point(
                x: object.box.origin[0] + object.box.size[0] / 2,
                y: object.box.origin[1] + object.box.size[1] / 2
            )
        }
    }

    /// Seconds after which an object has appeared.
    static let minimumAge = 0.5

    /// Lines whose crossings are counted, in pixels.
    package var lines: [CountingLine] = []
    /// Whether an object is where its feet are, rather than its middle.
    private let standsOnFoot: Bool
    /// Seconds after which an object has stayed in a zone, or in the picture if there are no zones; nil for never.
    private let stay: Double?
    private let hasZones: Bool
    private var known: [Int: Known] = [:]

    /// - Parameters:
    ///   - anchor: Which point of an object crosses lines: the foot, or the middle for all others.
    ///   - stay: Seconds after which an object has stayed; nil for never.
    ///   - hasZones: Whether objects stay in zones rather than in the picture.
    package init(anchor: Zones.Anchor = .foot, stay: Double? = nil, hasZones: Bool = true) {
        standsOnFoot = anchor == .foot
        self.stay = stay
        self.hasZones = hasZones
    }

    /// The objects that have appeared and not left.
    package var presence: StreamState.Presence {
        var presence = StreamState.Presence()
        for entry in known.values where entry.hasAppeared {
            presence.objects += 1
            presence.classes[entry.object.className, default: 0] += 1
            for zone in entry.zones.keys { presence.zones[zone, default: 0] += 1 }
        }
        return presence
    }

    /// Looks at the objects of the next picture.
    ///
    /// - Parameters:
    ///   - objects: Those that are followed, with their zones.
    ///   - outside: Zones of those that are followed but not reported now, for example because they have left all zones.
    ///   - living: Numbers of all objects that may appear again.
    ///   - time: Time of the picture in seconds.
    /// - Returns: What has happened, in order.
    package mutating func look(
        at objects: [DetectedObject],
        outside: [Int: [String]] = [:],
        living: Set<Int>,
        time: Double
    ) -> [Change] {
        var changes: [Change] = []
        for object in objects {
            guard let track = object.track else { continue }
            var entry = known[track] ?? Known(object: object, firstTime: time, lastTime: time)
            let score = max(entry.object.score, object.score)
            entry.object = object
            entry.object.score = score
            for line in lines {
                let point = standsOnFoot ? entry.foot : entry.center
                if let direction = entry.lines[line.name, default: LineMemory()].look(line, at: point) {
                    entry.crossed[line.name] = direction
                }
            }
            changes += advance(&entry, track, zones: Set(object.zones ?? []), time)
            known[track] = entry
        }
        for (track, zones) in outside.sorted(by: { $0.key < $1.key }) {
            guard var entry = known[track], entry.hasAppeared else { continue }
            changes += advance(&entry, track, zones: Set(zones), time)
            known[track] = entry
        }
        for track in known.keys.filter({ !living.contains($0) }).sorted() {
            if let change = leave(track) { changes.append(change) }
        }
        return changes
    }

    /// Notes the zones that an object is in now.
    private func advance(_ entry: inout Known, _ track: Int, zones: Set<String>, _ time: Double) -> [Change] {
        defer { entry.lastZones = zones }
        entry.lastTime = time
        guard entry.hasAppeared || time - entry.firstTime >= Self.minimumAge else { return [] }
        var changes: [Change] = []
        if !entry.hasAppeared {
            entry.hasAppeared = true
            entry.zones = Dictionary(uniqueKeysWithValues: zones.map { ($0, time) })
            changes.append(change(.appeared, track, entry) { $0.entered = zones.sorted() })
        } else {
            let entered = zones.filter { entry.zones[$0] == nil && entry.lastZones.contains($0) }
            let exited = entry.zones.filter { !zones.contains($0.key) && !entry.lastZones.contains($0.key) }
            for name in entered { entry.zones[name] = time }
            for name in exited.keys {
                entry.zones[name] = nil
                entry.stayed.remove(name)
            }
            if !entered.isEmpty || !exited.isEmpty {
                changes.append(
                    change(.moved, track, entry) { change in
                        change.entered = entered.sorted()
                        change.exited = exited.mapValues { Self.rounded(time - $0) }
                    }
                )
            }
        }
        if !entry.crossed.isEmpty {
            changes.append(change(.crossed, track, entry) { $0.crossed = entry.crossed })
            entry.crossed = [:]
        }
        let stayed = newStays(&entry, time)
        if !stayed.isEmpty {
            changes.append(change(.stayed, track, entry) { $0.stayed = stayed.filter { !$0.isEmpty } })
        }
        return changes
    }

    /// Lets all objects leave, because the stream has ended.
    package mutating func end() -> [Change] { known.keys.sorted().compactMap { leave($0) } }

    /// Zones in which an object has been for long enough since it was last looked at.
    private func newStays(_ entry: inout Known, _ time: Double) -> [String] {
        guard let stay else { return [] }
        let times = hasZones ? entry.zones : ["": entry.firstTime]
        let names = times.filter { time - $0.value >= stay }.keys.filter { !entry.stayed.contains($0) }.sorted()
        entry.stayed.formUnion(names)
        return names
    }

    private mutating func leave(_ track: Int) -> Change? {
        guard let entry = known.removeValue(forKey: track), entry.hasAppeared else { return nil }
        var last = entry
        last.zones = [:]
        return change(.left, track, last) { change in
            change.exited = entry.zones.mapValues { Self.rounded(entry.lastTime - $0) }
        }
    }

    private func change(
        _ kind: ObjectEvent.Kind,
        _ track: Int,
        _ entry: Known,
        _ details: (inout Change) -> Void
    ) -> Change {
        var change = Change(kind: kind, track: track, object: entry.object, zones: entry.zones.keys.sorted())
        details(&change)
        return change
    }

    private static func rounded(_ seconds: Double) -> Double { max(0, (seconds * 1e3).rounded() / 1e3) }
}
