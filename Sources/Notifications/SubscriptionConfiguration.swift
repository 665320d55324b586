internal import Basics
internal import Foundation
package import JSONSchema
internal import Streams

/// Where events are sent, and which.
package struct SubscriptionConfiguration: KeptConfiguration {
    package static let address = Field(
        name: "address",
        schema: .text(1...2048).described(
            "Where events are sent: http:// or https:// for a webhook, mqtt:// or mqtts:// for a broker, with the topic "
                + "that all others begin with as its path. User and password may stand before the host."
        ).example("mqtt://user:password@broker.local"),
        isRequired: true,
        otherNames: ["url", "uri", "target"]
    )
    package static let secret = Field(
        name: "secret",
        schema: .text(1...128).nullable().described(
            "Signs webhooks as in Standard Webhooks: 16 to 64 bytes in base64, after whsec_ or not."
        )
    )
    private static let discovery = Field(
        name: "discovery",
        schema: .text(0...64).nullable().defaulting(to: "homeassistant").described(
            "For a broker: first part of the topics by which Home Assistant discovers the streams; empty for none."
        )
    )
    private static let streams = names("streams", "Only events of these streams.")
    private static let events = Field(
        name: "events",
        schema: .array(of: .oneOf(ObjectEvent.Kind.allCases.map(\.rawValue)), count: 0...10).nullable().described(
            "Only events of these kinds."
        )
    )
    private static let classes = names("classes", "Only events of objects of these classes, by name.")
    private static let zones = names("zones", "Only events of objects that are in, enter or leave one of these zones.")
    private static let minimumScore = Field(
        name: "min_score",
        schema: .number(0...1).nullable().defaulting(to: 0).described(
            "Only objects whose highest score is at least this."
        )
    )
    private static let minimumDuration = Field(
        name: "min_duration",
        schema: .number(0...86_400).nullable().defaulting(to: 0).described(
            "Only events of objects that have been there for this many seconds."
        )
    )

    package static let fields = [
        address, secret, streams, events, classes, zones, minimumScore, minimumDuration, discovery,
    ]

    package static let exampleValues = Values([
        "address": "https://home.local:8123/api/webhook/some-id", "classes": ["person"], "events": ["appeared"],
    ])

    package let values: Values
    let destination: Destination
    /// Key of the signatures; nil for none.
    let key: [UInt8]?

    package init(_ values: Values) throws(ValidationErrors) {
        self.values = values
        do {
            destination = try Destination(values.string(Self.address.name) ?? "")
        } catch {
            throw ValidationErrors(at: ["body", Self.address.name], error.message, type: "not_allowed")
        }
        key = try values.string(Self.secret.name).map { text throws(ValidationErrors) in
            let digits = text.hasPrefix("whsec_") ? String(text.dropFirst(6)) : text
            guard let key = Data(base64Encoded: digits), (16...64).contains(key.count) else {
                let message = "must be 16 to 64 bytes in base64, such as from: openssl rand -base64 32"
                throw ValidationErrors(at: ["body", Self.secret.name], message, type: "not_allowed")
            }
            return [UInt8](key)
        }
        guard key == nil || destination.kind == .webhook else {
            let message = "is only for webhooks: a broker knows its clients by user and password"
            throw ValidationErrors(at: ["body", Self.secret.name], message, type: "not_allowed")
        }
        guard !(discoveryPrefix ?? "").contains(where: { "+#\0$".contains($0) }) else {
            let message = "must not contain +, # or $"
            throw ValidationErrors(at: ["body", Self.discovery.name], message, type: "not_allowed")
        }
    }

    var filter: EventFilter {
        func names(_ field: Field) -> Set<String> { Set(values.strings(field.name) ?? []) }
        return EventFilter(
            streams: names(Self.streams),
            kinds: names(Self.events),
            classes: names(Self.classes),
            zones: names(Self.zones),
            minimumScore: values.number(Self.minimumScore.name) ?? 0,
            minimumAge: values.number(Self.minimumDuration.name) ?? 0
        )
    }

    /// First part of Home Assistant's topics; nil for none.
    var discoveryPrefix: String? {
        let text = values.string(Self.discovery.name) ?? "homeassistant"
        return text.isEmpty ? nil : text
    }

    private static let hiddenSecret = "***"

    /// The values without what may be secret.
    package var shownValues: Values {
        var shown = values.all
        shown[Self.address.name] = .string(destination.description)
        if shown[Self.secret.name] != nil { shown[Self.secret.name] = .string(Self.hiddenSecret) }
        return Values(shown)
    }

    /// Returns values that are to replace these, with the secrets that were only shown.
    ///
    /// - Parameter new: Values; if their address is another one, it gets no secret.
    /// - Returns: Values for a configuration.
    package func completing(_ new: Values) -> Values {
        let address = new.all[Self.address.name]
        let isSame = [shownValues, values].contains { $0.all[Self.address.name] == address }
        return isSame ? new.replacing(shownValues, by: values) : new
    }

    private static func names(_ name: String, _ summary: String) -> Field {
        Field(
            name: name,
            schema: .array(of: .text(1...256), count: 0...100).nullable().described(summary)
        )
    }
}
