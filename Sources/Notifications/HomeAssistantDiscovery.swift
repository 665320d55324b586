internal import JSONSchema
internal import Storage
internal import Streams

/// The messages by which Home Assistant makes a device of each stream: the number of objects of each class, whether
/// something is in a zone, whether the stream runs, and the last event's picture.
///
/// - SeeAlso: Home Assistant, "MQTT", "MQTT discovery".
struct HomeAssistantDiscovery: Sendable {
    /// First part of the topics.
    var prefix: String
    /// First part of the service's own topics.
    var topic: String
    /// Names of classes; empty for those that the stream is asked for or has seen.
    var classes: [String]

    /// Returns the messages, by topic.
    func messages(for stream: StreamHub.Stream) -> [String: JSONValue] {
        var names = Set(classes.isEmpty ? stream.configuration.classNames : classes)
        if countsAllClasses(of: stream) { names.formUnion(stream.state.presence.classes.keys) }
        return messages(for: stream.name, classes: names.sorted(), zones: stream.state.presence.zones.keys.sorted())
    }

    /// Returns the messages, by topic.
    ///
    /// - Parameters:
    ///   - stream: Name of the stream.
    ///   - classes: Names of the classes that are counted.
    ///   - zones: Names of the zones.
    /// - Returns: A message for each entity.
    func messages(for stream: String, classes: [String], zones: [String]) -> [String: JSONValue] {
        let node = node(of: stream)
        let state: JSONValue = .string("\(topic)/\(stream)/state")
        var messages: [String: JSONValue] = [:]
        func add(_ component: String, _ id: String, isAlwaysAvailable: Bool = false, _ members: [String: JSONValue]) {
            var availability: [JSONValue] = [["topic": .string("\(topic)/status")]]
            if !isAlwaysAvailable {
                availability.append([
                    "topic": state,
                    "value_template": "{{ 'online' if value_json.phase == 'running' else 'offline' }}",
                ])
            }
            let common: [String: JSONValue] = [
                "availability": .array(availability),
                "availability_mode": "all",
                "device": [
                    "identifiers": [.string(node)],
                    "manufacturer": "Osprey",
                    "model": "Object detection",
                    "name": .string(stream),
                ],
                "origin": ["name": "Osprey"],
                "unique_id": .string("\(node)_\(id)"),
            ]
            messages["\(prefix)/\(component)/\(node)/\(id)/config"] = .object(common.merging(members) { _, own in own })
        }
        for name in classes {
            add(
                "sensor",
                "count_\(Self.identifier(name))",
                [
                    "icon": "mdi:counter",
                    "name": .string(name),
                    "state_class": "measurement",
                    "state_topic": state,
                    "value_template": .string("{{ value_json.classes[\(Self.literal(name))] | default(0) }}"),
                ]
            )
        }
        for name in zones {
            add(
                "binary_sensor",
                "zone_\(Self.identifier(name))",
                [
                    "device_class": "occupancy",
                    "name": .string(name),
                    "state_topic": state,
                    "value_template": .string(
                        "{{ 'ON' if value_json.zones[\(Self.literal(name))] | default(0) > 0 else 'OFF' }}"
                    ),
                ]
            )
        }
        add(
            "binary_sensor",
            "occupancy",
            [
                "device_class": "occupancy",
                "name": "Occupancy",
                "state_topic": state,
                "value_template": "{{ 'ON' if value_json.objects > 0 else 'OFF' }}",
            ]
        )
        add(
            "binary_sensor",
            "running",
            isAlwaysAvailable: true,
            [
                "device_class": "connectivity",
                "entity_category": "diagnostic",
                "name": "Camera",
                "state_topic": state,
                "value_template": "{{ 'ON' if value_json.phase == 'running' else 'OFF' }}",
            ]
        )
        add(
            "image",
            "snapshot",
            ["image_topic": .string("\(topic)/\(stream)/snapshot"), "name": "Last event"]
        )
        return messages
    }

    /// Whether no classes were chosen, so that those count that are seen.
    func countsAllClasses(of stream: StreamHub.Stream) -> Bool {
        classes.isEmpty && stream.configuration.classNames.isEmpty
    }

    /// Whether a topic is that of a message for a stream.
    func isTopic(_ text: String, of stream: String) -> Bool {
        text.hasPrefix("\(prefix)/") && text.contains("/\(node(of: stream))/")
    }

    private func node(of stream: String) -> String {
        // Without underscores in the topic, no other one makes the same text with another stream.
        "\(Self.identifier(topic, keeping: "-"))_\(Self.identifier(stream))"
    }

    /// A text with only those characters that identifiers may have; a digest tells apart what is then the same.
    private static func identifier(_ text: String, keeping marks: String = "_-") -> String {
        let kept = String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber || marks.contains($0)) ? $0 : "_" })
        return kept == text ? text : "\(kept)_\(Digest.sha256(of: Array(text.utf8)).prefix(8))"
    }

    /// A text as part of a template.
    private static func literal(_ text: String) -> String {
        String(decoding: (try? text.json()) ?? [], as: UTF8.self)
    }
}
