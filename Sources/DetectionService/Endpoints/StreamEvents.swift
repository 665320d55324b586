internal import Basics
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
    var stream: String
    var time: Double
    var width: Int

    init(_ moment: StreamFeed.Moment, of stream: String) {
        height = moment.picture.height
        objects = moment.report.objects
        self.stream = stream
        time = (moment.time * 1e3).rounded() / 1e3
        width = moment.picture.width
    }

    private init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        (objects, stream, time) = (DetectedObjects([], labels: .init([])), "front", 1_764_457_200)
    }

    static let members: [JSONMember<MomentBody>] = [
        JSONMember("height", \.height), JSONMember("payload", \.objects), JSONMember("stream", \.stream),
        JSONMember("time", \.time), JSONMember("width", \.width),
    ]
    static let example = MomentBody(width: 1280, height: 720)
}

/// What lists of events and server-sent events have in common.
private enum Events {
    static let mediaTypes = ["application/json", eventStream]
    static let eventStream = "text/event-stream"
    static let limit = Field(
        name: "limit",
        schema: .integer(1...1000).nullable().defaulting(to: 100).described("Maximum number of events in a list.")
    )
    static let objects = Field(
        name: "objects",
        schema: Schema.boolean.nullable().defaulting(to: false).described(
            "Whether server-sent events also contain the objects of each picture, as events called objects."
        )
    )
    static let answer = Operation.Answer(
        summary: "The events, oldest first.",
        contents: [
            .json(EventList.schema, example: EventList.example), Operation.Content(mediaType: eventStream),
        ]
    )
    /// Milliseconds after which a browser connects again.
    static let retry = 2000

    /// A server-sent event; JSON has no line breaks.
    static func event(_ name: String, id: String? = nil, _ data: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeString("event: \(name)\n\(id.map { "id: \($0)\n" } ?? "")data: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
        return buffer
    }

    /// Writes what happens as server-sent events, until it ends.
    ///
    /// - Parameters:
    ///   - messages: What happens.
    ///   - last: Id of the last event that was written before; nil to write events without their ids.
    ///   - writer: Receives the events.
    ///   - moment: Returns the last picture of a stream.
    /// - Throws: An error of the writer, if the client has left.
    static func write(
        _ messages: Broadcast.Messages,
        after last: String?,
        to writer: inout any ResponseBodyWriter,
        moment: (String) -> StreamFeed.Moment?
    ) async throws {
        var last = last
        var lastTimes: [String: Double] = [:]
        for await message in messages {
            switch message {
            case .event(_, let id, let line):
                // What was missed may have contained it.
                guard id > last ?? "" else { continue }
                try await writer.write(event("event", id: last == nil ? nil : id, line))
                if last != nil { last = id }
            case .moment(let stream):
                // The picture may be newer than its announcement.
                guard let moment = moment(stream), lastTimes.updateValue(moment.time, forKey: stream) != moment.time
                else { continue }
                try await writer.write(event("objects", try MomentBody(moment, of: stream).json()))
            case .tick: try await writer.write(ByteBuffer(string: ":\n\n"))
            }
        }
    }
}

/// `GET /events`: what happens in all streams.
struct GetEvents: Endpoint {
    let hub: StreamHub
    let pipeline: DetectionPipeline

    let operation = Operation(
        id: "get_events",
        method: .get,
        path: "/events",
        tag: .streams,
        summary: "Returns what happened in all streams.",
        details: """
            As `GET /streams/{name}/events`, but for all streams: one connection for a page that shows them all. What was \
            missed is not sent again.
            """,
        queryFields: [Events.limit, Events.objects],
        answers: [Events.answer],
        problems: [.notAcceptable, .busy]
    )

    func respond(to call: Call) async throws -> Response {
        guard try call.negotiated(from: Events.mediaTypes) == Events.eventStream else {
            let limit = call.query.integer(Events.limit.name) ?? 100
            let events = try await pipeline.workers.run { [hub] in
                try hub.streams.flatMap { try hub.history.events(of: $0.name, after: nil, limit: limit) }
            }
            return try .json(EventList(lines: events.sorted { $0.id < $1.id }.suffix(limit).map(\.line)))
        }
        let sendsObjects = call.query.bool(Events.objects.name) ?? false
        guard let messages = hub.broadcast.subscribe(moments: sendsObjects, events: true) else {
            throw Problem.tooManyViewers
        }
        return .endless(Events.eventStream) { [hub] writer in
            try await writer.write(ByteBuffer(string: "retry: \(Events.retry)\n\n"))
            try await Events.write(messages, after: nil, to: &writer) { stream in
                DocumentName(stream).flatMap { hub.stream(named: $0)?.feed?.moment }
            }
        }
    }
}

/// `GET /streams/{name}/events`: what happened to the objects of a stream.
struct GetStreamEvents: Endpoint {
    let hub: StreamHub
    let pipeline: DetectionPipeline

    private static let after = Field(
        name: "after",
        schema: .text(1...32).nullable().described("Only events after the one with this id; without it, the last ones.")
    )
    /// Events that are read at a time for a client that has missed some.
    private static let replayed = 500

    let operation = Operation(
        id: "get_stream_events",
        method: .get,
        path: "/streams/{name}/events",
        tag: .streams,
        summary: "Returns what happened to objects of a stream.",
        details: """
            An object appeared (when it was seen for half a second), moved between zones, crossed a line, stayed, or \
            left. With `Accept: text/event-stream`, events are sent as they come (server-sent events); `Last-Event-ID`, \
            or `after`, first sends those that came since. Events are kept on disk, the oldest are removed first.
            """,
        pathFields: [StreamFields.name],
        queryFields: [after, Events.limit, Events.objects],
        answers: [Events.answer],
        problems: [.notFound, .misdirected, .notAcceptable, .busy]
    )

    func respond(to call: Call) async throws -> Response {
        let stream = try call.stream(of: hub)
        let feed = try stream.shown()
        let limit = call.query.integer(Events.limit.name) ?? 100
        let after = call.query.string(Self.after.name)
        let history = hub.history
        guard try call.negotiated(from: Events.mediaTypes) == Events.eventStream else {
            let events = try await pipeline.workers.run {
                try history.events(of: stream.name, after: after, limit: limit)
            }
            return try .json(EventList(lines: events.map(\.line)))
        }
        let sendsObjects = call.query.bool(Events.objects.name) ?? false
        guard let messages = feed.subscribe(moments: sendsObjects, events: true) else {
            throw Problem.tooManyViewers
        }
        let last = call.request.headers[.lastEventID] ?? after
        let workers = pipeline.workers
        return .endless(Events.eventStream) { writer in
            try await writer.write(ByteBuffer(string: "retry: \(Events.retry)\n\n"))
            var sent = last ?? ""
            // Those that come meanwhile are in the history, too.
            while last != nil {
                let missed = try await workers.run { [sent] in
                    try history.events(of: stream.name, after: sent, limit: Self.replayed)
                }
                for event in missed {
                    try await writer.write(Events.event("event", id: event.id, event.line))
                    sent = event.id
                }
                if missed.count < Self.replayed { break }
            }
            try await Events.write(messages, after: sent, to: &writer) { _ in feed.moment }
        }
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
        problems: [.notFound, .misdirected]
    )

    func respond(to call: Call) async throws -> Response {
        let stream = try call.stream(of: hub)
        _ = try stream.shown()
        let id = call.path.string(Self.eventID.name) ?? ""
        let history = hub.history
        guard let bytes = try await pipeline.workers.run({ history.picture(of: stream.name, id: id) }) else {
            throw Problem(.notFound, "There is no picture of that event; the oldest are removed first.")
        }
        return .jpeg(bytes)
    }
}
