package import DetectionPipeline
package import JSONSchema

/// Something that happened to an object of a stream.
package struct ObjectEvent: JSONObject {
    package enum Kind: String, CaseIterable, Sendable {
        case appeared
        /// It entered or left a zone.
        case moved
        /// It crossed a line.
        case crossed
        /// It has been in a zone, or in the picture, for as long as was asked for.
        case stayed
        case left
    }

    /// Time in microseconds since 1970, increasing in a stream; 16 digits.
    package var id: String
    package var stream: String
    package var kind: Kind
    /// Time in seconds since 1970.
    package var time: Double
    /// Number of the object in its stream since the stream was started.
    package var track: Int
    package var className: String
    package var classID: Int
    /// The highest score so far.
    package var score: Double
    /// Where it was last, in pixels.
    package var box: DetectedObject.Box
    /// Seconds since it was first seen.
    package var age: Double
    /// Names of the zones that it is in, sorted.
    package var zones: [String]
    /// Zones that it has entered.
    package var entered: [String]
    /// Zones that it has left, with the seconds that it was in each.
    package var exited: [String: Double]
    /// Lines that it has crossed, and which way.
    package var crossed: [String: CountingLine.Direction] = [:]
    /// Zones in which it has stayed.
    package var stayed: [String] = []
    /// Id of the event with the picture of it; nil if none was kept.
    package var pictureID: String?

    package static let members: [JSONMember<ObjectEvent>] = [
        JSONMember("age", "Seconds since it was first seen.", \.age),
        JSONMember("bbox", \.box),
        JSONMember("class", \.className),
        JSONMember("class_id", \.classID),
        JSONMember(
            optional: "crossed",
            "Lines that it has crossed: in, to the right of someone who looks along the line, or out.",
            schema: .dictionary(of: .oneOf(CountingLine.Direction.allCases.map(\.rawValue)), count: 0...16)
        ) { event in
            event.crossed.isEmpty ? nil : JSONValue.object(event.crossed.mapValues { .string($0.rawValue) })
        },
        JSONMember("entered", "Zones that it has entered.", \.entered),
        JSONMember(
            "exited",
            "Zones that it has left, with the seconds that it was there.",
            schema: .dictionary(of: .number(0...Double.infinity), count: 0...32)
        ) { event in JSONValue.object(event.exited.mapValues { .number($0) }) },
        JSONMember("event", schema: .oneOf(Kind.allCases.map(\.rawValue)), \.kind.rawValue),
        JSONMember("id", "Increases in a stream.", \.id),
        JSONMember("score", "The highest so far.", schema: .number(0...1), \.score),
        JSONMember(optional: "snapshot", "Path of a picture of it.") { event in
            event.pictureID.map { "/streams/\(event.stream)/events/\($0)/snapshot" }
        },
        JSONMember(optional: "stayed", "Zones in which it has stayed.") { $0.stayed.isEmpty ? nil : $0.stayed },
        JSONMember("stream", \.stream),
        JSONMember("time", "Seconds since 1970.", \.time),
        JSONMember("track", "Number of the object in the stream.", \.track),
        JSONMember("zones", "Zones that it is in.", \.zones),
    ]
    package static let example = ObjectEvent(
        id: "1764457200000000",
        stream: "front",
        kind: .appeared,
        time: 1_764_457_200,
        track: 3,
        className: "person",
        classID: 0,
        score: 0.91,
        box: .example,
        age: 0.4,
        zones: ["driveway"],
        entered: ["driveway"],
        exited: [:],
        pictureID: "1764457200000000"
    )
}
