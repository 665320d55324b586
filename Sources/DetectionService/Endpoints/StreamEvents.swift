internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import JSONSchema
internal import NIOCore
internal import ObjectDetection
internal import Scheduling
internal import Streams

private struct EventList: JSONRepresentable {
    var lines: [[UInt8]]

    static let schema = Schema.object([
        Field(name: "events", schema: .array(of: ObjectEvent.schema), isRequired: true)
    ])
    static let example: JSONValue = ["events": .array([ObjectEvent.exampleValue])]

    func write(to json: inout JSONWriter) throws {
        json.object { json in
            json.key("events")
            // The lines are JSON already.
            json.array { json in for line in lines { json.json(line) } }
        }
    }
}

/// The objects of a picture, for those who draw them.
private struct MomentBody: JSONObject {
    var height: Int
    var objects: DetectedObjects
    var time: Double
    var width: Int

    static let members: [JSONMember<MomentBody>] = [
        JSONMember("height", \.height), JSONMember("payload", \.objects), JSONMember("time", \.time),
        JSONMember("width", \.width),
    ]
    static let example = MomentBody(height: 720, objects: DetectedObjects([], labels: .init([])), time: 0, width: 1280)
}

/// `GET /streams/{name}/events`: what happened to the objects of a stream.
struct GetStreamEvents: Endpoint {
    let hub: StreamHub
    let pipeline: DetectionPipeline

    private static let mediaTypes = ["application/json", "text/event-stream"]
    private static let after = Field(
        name: "after",
        schema: .text(1...32).nullable().described("Only events after the one with this id; without it, the last ones.")
    )
    private static let limit = Field(
        name: "limit",
        schema: .integer(1...1000).nullable().defaulting(to: 100).described("Maximum number of events in a list.")
    )
    private static let objects = Field(
        name: "objects",
        schema: Schema.boolean.nullable().defaulting(to: false).described(
            "Whether server-sent events also contain the objects of each picture, as events called objects."
        )
    )
    /// Milliseconds after which a browser connects again.
    private static let retry = 2000
    private static let maximumReplay = 10_000

    let operation = Operation(
        id: "get_stream_events",
        method: .get,
        path: "/streams/{name}/events",
        tag: .streams,
        summary: "Returns what happened to objects of a stream.",
        details: """
            An object appeared (when it was seen for half a second), moved between zones, or left. With `Accept: \
            text/event-stream`, events are sent as they come (server-sent events); `Last-Event-ID`, or `after`, first \
            sends those that came since. Events are kept on disk, the oldest are removed first.
            """,
        pathFields: [StreamFields.name],
        queryFields: [after, limit, objects],
        answers: [
            Operation.Answer(
                summary: "The events, oldest first.",
                contents: [
                    .json(EventList.schema, example: EventList.example),
                    Operation.Content(mediaType: "text/event-stream"),
                ]
            )
        ],
        problems: [.notFound, .notAcceptable, .busy]
    )

    func respond(to call: Call) async throws -> Response {
        let stream = try call.stream(of: hub)
        let limit = call.query.integer(Self.limit.name) ?? 100
        let after = call.query.string(Self.after.name)
        let history = hub.history
        guard try call.negotiated(from: Self.mediaTypes) == "text/event-stream" else {
            let events = try await pipeline.workers.run {
                history.events(of: stream.name, after: after, limit: limit)
            }
            return try .json(EventList(lines: events.map(\.line)))
        }
        let sendsObjects = call.query.bool(Self.objects.name) ?? false
        guard let messages = stream.feed.subscribe(moments: sendsObjects, events: true) else {
            throw Problem.tooManyViewers
        }
        let last = call.request.headers[.lastEventID] ?? after
        let workers = pipeline.workers
        return .endless("text/event-stream") { writer in
            try await writer.write(ByteBuffer(string: "retry: \(Self.retry)\n\n"))
            var sent = last ?? ""
            if let last {
                // Those that come meanwhile are in the history, too.
                let missed = try await workers.run {
                    history.events(of: stream.name, after: last, limit: Self.maximumReplay)
                }
                for event in missed {
                    try await writer.write(Self.event("event", id: event.id, event.line))
                    sent = event.id
                }
            }
            for await message in messages {
                switch message {
                case .event(let id, let line) where id > sent:
                    try await writer.write(Self.event("event", id: id, line))
                    sent = id
                case .event: break
                case .moment:
                    guard let moment = stream.feed.moment else { continue }
                    let body = MomentBody(
                        height: moment.picture.height,
                        objects: moment.report.objects,
                        time: (moment.time * 1e3).rounded() / 1e3,
                        width: moment.picture.width
                    )
                    try await writer.write(Self.event("objects", try body.json()))
                case .tick: try await writer.write(ByteBuffer(string: ":\n\n"))
                }
            }
        }
    }

    /// A server-sent event; JSON has no line breaks.
    private static func event(_ name: String, id: String? = nil, _ data: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeString("event: \(name)\n\(id.map { "id: \($0)\n" } ?? "")data: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
        return buffer
    }
}

/// `GET /streams/{name}/events/{event_id}/snapshot`: the picture of an event.
struct GetEventSnapshot: Endpoint {
    let hub: StreamHub
    let pipeline: DetectionPipeline

    private static let eventID = Field(
        name: "event_id",
        schema: .text(1...32).described("Id of the event.").example("1764457200000000"),
        isRequired: true
    )

    let operation = Operation(
        id: "get_event_snapshot",
        method: .get,
        path: "/streams/{name}/events/{event_id}/snapshot",
        tag: .streams,
        summary: "Returns the picture of an event.",
        pathFields: [StreamFields.name, eventID],
        answers: [Operation.Answer(summary: "The picture.", contents: [Operation.Content(mediaType: "image/jpeg")])],
        problems: [.notFound]
    )

    func respond(to call: Call) async throws -> Response {
        let stream = try call.stream(of: hub)
        let id = call.path.string(Self.eventID.name) ?? ""
        let history = hub.history
        guard let bytes = try await pipeline.workers.run({ history.picture(of: stream.name, id: id) }) else {
            throw Problem(.notFound, "There is no picture of that event; the oldest are removed first.")
        }
        return .jpeg(bytes)
    }
}
