internal import Basics

/// Why an event was not sent.
package struct NotificationError: ExplainedError, Sendable {
    package var message: String
    /// Whether the receiver says that this event will never be accepted.
    var isFinal = false
    /// Seconds after which the receiver wants to be asked again.
    var retryAfter: Double?

    init(_ message: String, isFinal: Bool = false, retryAfter: Double? = nil) {
        self.message = message
        self.isFinal = isFinal
        self.retryAfter = retryAfter
    }
}
