internal import Basics

/// Work that was not admitted to a ``WorkQueue``.
package struct SchedulingError: ExplainedError, Sendable {
    /// The kind of failure.
    package enum Code: String, Sendable {
        /// The queue is full, or work could not start before its deadline.
        case queueFull = "queue_full"
    }

    package var code: Code
    package var message: String
    /// Time after which a retry is likely to be admitted.
    package var retryAfter: Duration

    package init(_ code: Code, _ message: String, retryAfter: Duration) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }
}
