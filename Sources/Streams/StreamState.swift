package import JSONSchema

/// What a stream does now, and has done since the service started.
package struct StreamState: JSONObject {
    package enum Phase: String, CaseIterable, Sendable {
        case connecting
        case running
        /// It failed, and is tried again in a moment.
        case waiting
        /// Another replica watches it.
        case elsewhere
    }

    /// The objects that are there now.
    package struct Presence: Equatable, Sendable {
        /// Number of all.
        package var objects = 0
        /// Number by class, of the classes that have been there.
        package var classes: [String: Int] = [:]
        /// Number by zone.
        package var zones: [String: Int] = [:]
    }

    package var phase = Phase.connecting
    /// Why it failed last; nil if it has not.
    package var reason: String?
    /// Name of the machine of the other replica that watches it; nil if this one does.
    package var replica: String?
    /// Width of the pictures in pixels; nil before the first.
    package var width: Int?
    /// Height of the pictures in pixels; nil before the first.
    package var height: Int?
    /// Pictures that were read.
    package var frames = 0
    /// Pictures that the network skipped because nothing moved.
    package var gated = 0
    /// Pictures that the network looked at.
    package var inferred = 0
    /// Pictures that were dropped because the machine was behind.
    package var dropped = 0
    /// How often it failed.
    package var failures = 0
    /// Objects that have appeared and not left.
    package var presence = Presence()
    /// How often lines were crossed in each direction, by line.
    package var crossings: [String: [CountingLine.Direction: Int]] = [:]
    /// Events since the service started.
    package var events = 0
    /// Seconds from a picture's arrival to its result, for the last one.
    package var lag = 0.0
    /// Time of the last picture in seconds since 1970; nil before the first.
    package var lastFrame: Double?

    private static let counts = Schema.dictionary(of: .integer(0...Int.max), count: 0...1000)

    package static let members: [JSONMember<StreamState>] = [
        JSONMember("classes", "Objects that are there now, of the classes that have been there.", schema: counts) {
            Self.json($0.presence.classes)
        },
        JSONMember(
            "crossings",
            "How often lines were crossed, in and out, since the service started.",
            schema: .dictionary(of: counts, count: 0...16)
        ) { state in
            JSONValue.object(
                state.crossings.mapValues { counts in
                    Self.json(Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) }))
                }
            )
        },
        JSONMember("dropped", "Pictures that were dropped because the machine was behind.", \.dropped),
        JSONMember("events", "Events since the service started.", \.events),
        JSONMember("failures", "How often it failed.", \.failures),
        JSONMember("frames", "Pictures that were read.", \.frames),
        JSONMember("gated", "Pictures that were skipped because nothing moved.", \.gated),
        JSONMember(optional: "height", "Height of the pictures in pixels.", \.height),
        JSONMember("inferred", "Pictures that the network looked at.", \.inferred),
        JSONMember("lag", "Seconds from the last picture's arrival to its result.", \.lag),
        JSONMember(optional: "last_frame", "Time of the last picture, in seconds since 1970.", \.lastFrame),
        JSONMember("objects", "Objects that are there now.", \.presence.objects),
        JSONMember("phase", schema: .oneOf(Phase.allCases.map(\.rawValue)), \.phase.rawValue),
        JSONMember(optional: "reason", "Why it failed last.", \.reason),
        JSONMember(optional: "replica", "Name of the machine of the other replica that watches it.", \.replica),
        JSONMember(optional: "width", "Width of the pictures in pixels.", \.width),
        JSONMember("zones", "Objects that are there now, by zone.", schema: counts) { Self.json($0.presence.zones) },
    ]
    package static let example = StreamState(phase: .running, width: 1280, height: 720, frames: 1200, inferred: 300)

    /// Replaces the objects that are there, and keeps the classes that have been there.
    mutating func note(_ presence: Presence) {
        let old = self.presence.classes
        self.presence = presence
        self.presence.classes.merge(old.mapValues { _ in 0 }) { count, _ in count }
    }

    /// Counts by name as JSON.
    package static func json(_ counts: [String: Int]) -> JSONValue { .object(counts.mapValues { .number(Double($0)) }) }

    package init() {}

    private init(phase: Phase, width: Int, height: Int, frames: Int, inferred: Int) {
        (self.phase, self.width, self.height) = (phase, width, height)
        (self.frames, self.inferred, gated) = (frames, inferred, frames - inferred)
    }
}
