internal import JSONSchema
internal import Streams
internal import Synchronization

/// Publishes events, and how streams are, to an MQTT broker.
final class Broker: EventReceiver {
    private typealias Message = MQTTConnection.Message

    private let connection: MQTTConnection
    private let topic: String
    private let discovery: HomeAssistantDiscovery?
    /// The retained messages that the broker has.
    private let published = Mutex<[String: [UInt8]]>([:])

    private static let online = Array("online".utf8)
    private static let offline = Array("offline".utf8)

    /// Connects, and says that the service is online.
    ///
    /// - Throws: ``NotificationError`` or `CancellationError`.
    static func open(_ configuration: SubscriptionConfiguration, authorities: String?) async throws -> Broker {
        let topic = configuration.destination.path
        let will = Message(topic: "\(topic)/status", payload: offline, isRetained: true)
        let connection = try await MQTTConnection.open(configuration.destination, will: will, authorities: authorities)
        do {
            try await connection.publish(Message(topic: will.topic, payload: online, isRetained: true))
        } catch {
            connection.close()
            throw error
        }
        return Broker(connection, topic: topic, configuration)
    }

    private init(_ connection: MQTTConnection, topic: String, _ configuration: SubscriptionConfiguration) {
        self.connection = connection
        self.topic = topic
        discovery = configuration.discoveryPrefix.map {
            HomeAssistantDiscovery(prefix: $0, topic: topic, classes: configuration.filter.classes.sorted())
        }
    }

    func send(_ event: SentEvent, line: [UInt8], picture: [UInt8]?) async throws {
        if let picture {
            try await connection.publish(
                Message(topic: "\(topic)/\(event.stream)/snapshot", payload: picture, isRetained: true)
            )
        }
        try await connection.publish(Message(topic: "\(topic)/\(event.stream)/events", payload: line))
    }

    func update(_ streams: [StreamHub.Stream], _ progress: SubscriptionProgress) async throws {
        try await connection.check(Message(topic: "\(topic)/status", payload: Self.online, isRetained: true))
        var wanted: [String: [UInt8]] = [:]
        let own = streams.filter { $0.feed != nil }
        for stream in own {
            wanted["\(topic)/\(stream.name)/state"] = try StateBody(stream.state).json()
            for (topic, message) in discovery?.messages(for: stream) ?? [:] { wanted[topic] = try message.json() }
        }
        let topics = Set(wanted.keys).union(own.map { "\(topic)/\($0.name)/snapshot" })
        // Also those that earlier connections left.
        let past = progress.topics.subtracting(topics).filter { topic in streams.contains { isKept(topic, of: $0) } }
        for topic in progress.topics.subtracting(topics).subtracting(past).sorted() {
            try await connection.publish(Message(topic: topic, payload: [], isRetained: true))
            published.withLock { _ = $0.removeValue(forKey: topic) }
        }
        // Before they are published, so that none stays if this process ends.
        try? progress.note(topics: topics.union(past))
        for (topic, payload) in wanted.sorted(by: { $0.key < $1.key })
        where published.withLock({ $0[topic] }) != payload {
            try await connection.publish(Message(topic: topic, payload: payload, isRetained: true))
            published.withLock { $0[topic] = payload }
        }
    }

    /// Whether a topic that an earlier connection used still belongs to a stream: that of another replica, one that does
    /// not run yet, or one that counts all classes, of which it has not seen some since it was started.
    private func isKept(_ text: String, of stream: StreamHub.Stream) -> Bool {
        let isDiscovery = discovery?.isTopic(text, of: stream.name) ?? false
        guard isDiscovery || text.hasPrefix("\(topic)/\(stream.name)/") else { return false }
        return stream.feed == nil || stream.state.phase != .running
            || isDiscovery && discovery?.countsAllClasses(of: stream) ?? false && text.contains("/count_")
    }

    func close() { connection.close() }
}

/// How a stream is, as brokers keep it.
private struct StateBody: JSONObject {
    var state: StreamState

    init(_ state: StreamState) {
        self.state = state
    }

    static let members: [JSONMember<StateBody>] = [
        JSONMember("classes") { StreamState.json($0.state.presence.classes) },
        JSONMember("objects", \.state.presence.objects),
        JSONMember("phase", \.state.phase.rawValue),
        JSONMember("zones") { StreamState.json($0.state.presence.zones) },
    ]
    static let example = StateBody(.example)
}
