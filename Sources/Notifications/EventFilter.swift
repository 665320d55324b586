internal import JSONSchema
internal import Streams

/// Which events are sent.
struct EventFilter: Sendable {
    /// Names of streams; empty for all.
    var streams: Set<String> = []
    /// Empty for all.
    var kinds: Set<String> = []
    /// Names of classes; empty for all.
    var classes: Set<String> = []
    /// Names of zones that the object is in, enters or leaves; empty for all.
    var zones: Set<String> = []
    var minimumScore = 0.0
    /// Seconds since the object was first seen.
    var minimumAge = 0.0

    func accepts(_ event: SentEvent) -> Bool {
        (kinds.isEmpty || kinds.contains(event.event))
            && (classes.isEmpty || classes.contains(event.className))
            && (zones.isEmpty || !zones.isDisjoint(with: event.zones + event.entered + event.exited.keys))
            && event.score >= minimumScore && event.age >= minimumAge
    }

    func accepts(stream: String) -> Bool { streams.isEmpty || streams.contains(stream) }
}

/// An event as it was written, with what decides about it.
struct SentEvent: Decodable, Sendable {
    enum CodingKeys: String, CodingKey {
        case age
        case className = "class"
        case entered
        case event
        case exited
        case id
        case score
        case snapshot
        case stream
        case time
        case zones
    }

    var age: Double
    var className: String
    var entered: [String]
    var event: String
    var exited: [String: Double]
    var id: String
    var score: Double
    /// Path of a picture.
    var snapshot: String?
    var stream: String
    var time: Double
    var zones: [String]

    /// Whether the picture was taken for this event, not for an earlier one of the object.
    var hasPicture: Bool { snapshot?.contains(id) ?? false }
}
