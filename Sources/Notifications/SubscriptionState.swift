package import JSONSchema

/// What a subscription does now, and has done since the service started.
package struct SubscriptionState: JSONObject {
    package enum Phase: String, CaseIterable, Sendable {
        case connecting
        case running
        /// It failed, and is tried again in a moment.
        case waiting
    }

    package var phase = Phase.connecting
    /// Why it failed last; nil if it has not.
    package var reason: String?
    /// Events that were sent.
    package var sent = 0
    /// Events that the receiver does not accept.
    package var rejected = 0
    /// Events that were too old when the receiver was there again.
    package var expired = 0
    /// How often events were lost: removed before they were sent, or damaged.
    package var gaps = 0
    /// How often it failed.
    package var failures = 0
    /// Time of the last event that was sent, in seconds since 1970.
    package var lastSent: Double?

    package static let members: [JSONMember<SubscriptionState>] = [
        JSONMember("expired", "Events that were a day old before the receiver accepted them.", \.expired),
        JSONMember("failures", "How often it failed.", \.failures),
        JSONMember(
            "gaps",
            "How often events were lost: removed by events-quota before they were sent, or damaged.",
            \.gaps
        ),
        JSONMember(optional: "last_sent", "When an event was last sent, in seconds since 1970.", \.lastSent),
        JSONMember("phase", schema: .oneOf(Phase.allCases.map(\.rawValue)), \.phase.rawValue),
        JSONMember(optional: "reason", "Why it failed last.", \.reason),
        JSONMember("rejected", "Events that the receiver does not accept.", \.rejected),
        JSONMember("sent", "Events that were sent since the service started.", \.sent),
    ]
    package static let example = SubscriptionState(phase: .running, sent: 12)

    package init() {}

    private init(phase: Phase, sent: Int) {
        (self.phase, self.sent) = (phase, sent)
    }
}
