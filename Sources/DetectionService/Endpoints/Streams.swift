internal import Basics
internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import ModelServing
internal import NIOCore
internal import Scheduling
internal import Streams
internal import YOLO

/// A stream with its name, configuration and state.
private struct StreamBody: JSONObject {
    var name: String
    var configuration: Values
    var state: StreamState

    init(_ stream: StreamHub.Stream) {
        name = stream.name
        configuration = stream.configuration.shownValues
        state = stream.state
    }

    private init(name: String, configuration: Values, state: StreamState) {
        (self.name, self.configuration, self.state) = (name, configuration, state)
    }

    static let members: [JSONMember<StreamBody>] = [
        JSONMember(
            "configuration",
            "As it was put; of a network address only the host. Put back, it keeps the address.",
            schema: .object(StreamConfiguration.fields)
        ) { JSONValue.object($0.configuration.all) },
        JSONMember("name", schema: DetectionFields.documentName, \.name),
        JSONMember("state", \.state),
    ]
    static let example = StreamBody(name: "front", configuration: StreamConfiguration.exampleValues, state: .example)
}

private struct StreamList: JSONObject {
    var streams: [StreamBody]

    static let members: [JSONMember<StreamList>] = [JSONMember("streams", \.streams)]
    static let example = StreamList(streams: [.example])
}

enum StreamFields {
    static let name = Field(
        name: "name",
        schema: DetectionFields.documentName.described("Name of the stream, such as the camera's."),
        isRequired: true
    )
}

extension Call {
    /// The stream that the path names.
    ///
    /// - Throws: ``Problem`` if there is none.
    func stream(of hub: StreamHub) throws -> StreamHub.Stream {
        let text = path.string(StreamFields.name.name) ?? ""
        guard let name = DocumentName(text), let stream = hub.stream(named: name) else {
            throw Problem(.notFound, "There is no stream called \(text.printable(limit: 64)); GET /streams lists them.")
        }
        return stream
    }
}

extension StreamHub.Stream {
    /// What the stream shows.
    ///
    /// - Throws: ``Problem`` if another replica watches it.
    func shown() throws -> StreamFeed {
        guard let feed else {
            throw Problem(
                .misdirected,
                "The replica on \(state.replica ?? "another machine") watches this stream: ask it."
            )
        }
        return feed
    }
}

/// `GET /streams`: all streams.
struct ListStreams: Endpoint {
    let hub: StreamHub

    let operation = Operation(
        id: "list_streams",
        method: .get,
        path: "/streams",
        tag: .streams,
        summary: "Lists the streams and their states.",
        answers: [Operation.Answer(summary: "The streams, by name.", contents: [.json(StreamList.self)])]
    )

    func respond(to call: Call) throws -> Response {
        try .json(StreamList(streams: hub.streams.map(StreamBody.init)))
    }
}

/// `PUT /streams/{name}`: watches a camera or stream.
struct PutStream: Endpoint {
    let hub: StreamHub
    let models: ModelRegistry
    let zones: KeptZones
    let bodies: RequestBodies

    let operation = Operation(
        id: "put_stream",
        method: .put,
        path: "/streams/{name}",
        tag: .streams,
        summary: "Watches a camera or stream.",
        details: """
            It is watched until it is deleted, also after a restart of the service, and found again when it was away. \
            ffmpeg reads it. The answer does not wait for the first picture: `state` says how it is going.
            """,
        pathFields: [StreamFields.name],
        body: [.json(StreamConfiguration.fields, example: .object(StreamConfiguration.exampleValues.all))],
        answers: [
            Operation.Answer(status: .created, summary: "The stream is new.", contents: [.json(StreamBody.self)]),
            Operation.Answer(status: .ok, summary: "The stream was replaced.", contents: [.json(StreamBody.self)]),
        ],
        problems: [.notFound, .storeFull, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        let text = call.path.string(StreamFields.name.name) ?? ""
        guard let name = DocumentName(text) else { throw Problem(.notFound, "A stream cannot have that name.") }
        return try await bodies.withJSON(of: call) { values in
            let old = hub.stream(named: name)?.configuration
            let configuration = try StreamConfiguration(
                old.map { values.replacing($0.shownValues, by: $0.values) } ?? values
            )
            let model = try models.detector(named: configuration.model).model
            _ = try DetectionSettings(try await zones.resolve(values), for: model, at: "body")
            let isNew = try await hub.put(configuration, named: name)
            guard let stream = hub.stream(named: name) else {
                throw Problem(.notFound, "The stream was deleted at the same time.")
            }
            return try .json(StreamBody(stream), status: isNew ? .created : .ok)
        }
    }
}

/// `GET /streams/{name}`: a stream and its state.
struct GetStream: Endpoint {
    let hub: StreamHub

    let operation = Operation(
        id: "get_stream",
        method: .get,
        path: "/streams/{name}",
        tag: .streams,
        summary: "Returns a stream and its state.",
        pathFields: [StreamFields.name],
        answers: [Operation.Answer(summary: "The stream.", contents: [.json(StreamBody.self)])],
        problems: [.notFound]
    )

    func respond(to call: Call) throws -> Response { try .json(StreamBody(try call.stream(of: hub))) }
}

/// `DELETE /streams/{name}`: stops watching.
struct DeleteStream: Endpoint {
    let hub: StreamHub

    let operation = Operation(
        id: "delete_stream",
        method: .delete,
        path: "/streams/{name}",
        tag: .streams,
        summary: "Stops watching a stream, and forgets its events.",
        pathFields: [StreamFields.name],
        answers: [Operation.Answer(status: .noContent, summary: "The stream is forgotten.")],
        problems: [.notFound, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        let text = call.path.string(StreamFields.name.name) ?? ""
        guard let name = DocumentName(text), try await hub.delete(name) else {
            throw Problem(.notFound, "There is no stream called \(text.printable(limit: 64)).")
        }
        return Response(status: .noContent)
    }
}

/// `GET /streams/{name}/snapshot`: the last picture.
struct GetStreamSnapshot: Endpoint {
    let hub: StreamHub
    let pipeline: DetectionPipeline

    static let boxes = Field(
        name: "boxes",
        schema: Schema.boolean.nullable().defaulting(to: true).described("Whether objects and zones are drawn.")
    )

    let operation = Operation(
        id: "get_stream_snapshot",
        method: .get,
        path: "/streams/{name}/snapshot",
        tag: .streams,
        summary: "Returns the last picture of a stream.",
        details: """
            It has the resolution that the network needs. `Osprey-Time` is its time in seconds since 1970, as in the \
            events called objects.
            """,
        pathFields: [StreamFields.name],
        queryFields: [boxes],
        answers: [Operation.Answer(summary: "The picture.", contents: [Operation.Content(mediaType: "image/jpeg")])],
        problems: [.notFound, .misdirected]
    )

    func respond(to call: Call) async throws -> Response {
        let feed = try call.stream(of: hub).shown()
        let isDrawn = call.query.bool(Self.boxes.name) ?? true
        guard let picture = try await pipeline.workers.run({ try feed.jpeg(isDrawn: isDrawn) }) else {
            throw Problem(.notFound, "The stream has sent no picture yet; GET /streams says why.")
        }
        var response = Response.jpeg(picture.bytes)
        response.headers[.pictureTime] = "\((picture.time * 1e3).rounded() / 1e3)"
        return response
    }
}

/// `GET /streams/{name}/live`: pictures as they come.
struct GetStreamLive: Endpoint {
    let hub: StreamHub
    let pipeline: DetectionPipeline

    private static let boundary = "osprey-picture"

    let operation = Operation(
        id: "get_stream_live",
        method: .get,
        path: "/streams/{name}/live",
        tag: .streams,
        summary: "Returns the pictures of a stream as they come (MJPEG).",
        details: "A slow client gets fewer pictures. Up to 16 clients can watch or wait for events of a stream.",
        pathFields: [StreamFields.name],
        queryFields: [GetStreamSnapshot.boxes],
        answers: [
            Operation.Answer(
                summary: "One JPEG after the other.",
                contents: [Operation.Content(mediaType: "multipart/x-mixed-replace")]
            )
        ],
        problems: [.notFound, .misdirected, .busy]
    )

    func respond(to call: Call) throws -> Response {
        let feed = try call.stream(of: hub).shown()
        let isDrawn = call.query.bool(GetStreamSnapshot.boxes.name) ?? true
        guard let messages = feed.subscribe(moments: true, events: false) else { throw Problem.tooManyViewers }
        let workers = pipeline.workers
        return .endless("multipart/x-mixed-replace; boundary=\(Self.boundary)") { writer in
            for await _ in messages {
                guard let (bytes, _) = try await workers.run({ try feed.jpeg(isDrawn: isDrawn) }) else { continue }
                let head = "--\(Self.boundary)\r\nContent-Type: image/jpeg\r\nContent-Length: \(bytes.count)\r\n\r\n"
                var buffer = ByteBuffer()
                buffer.reserveCapacity(head.utf8.count + bytes.count + 2)
                buffer.writeString(head)
                buffer.writeBytes(bytes)
                buffer.writeString("\r\n")
                try await writer.write(buffer)
            }
        }
    }
}

extension Problem {
    static let tooManyViewers = Problem(
        .busy,
        "As many clients as are allowed watch streams or wait for events; try again later.",
        headers: [.retryAfter: "5"]
    )
}

extension Response {
    static func jpeg(_ bytes: [UInt8]) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "image/jpeg", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    /// A response that goes on until the client leaves or `write` returns.
    static func endless(
        _ mediaType: String,
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: mediaType, .cacheControl: "no-store", .xAccelBuffering: "no"],
            body: ResponseBody { writer in
                try await write(&writer)
                try await writer.finish(nil)
            }
        )
    }
}
