/// When a connection to a server that was away may be tried again: the delay doubles with each failure, and one caller
/// tries for all.
package struct RedisReconnection {
    /// The longest delay.
    package static let maximumDelay = Duration.seconds(1)
    private static let firstDelay = Duration.milliseconds(50)

    private var failureCount = 0
    private var nextAttempt: ContinuousClock.Instant?
    private var isTrying = false

    package init() {}

    /// Whether the caller may try now; it then has to tell how that went.
    package mutating func mayBegin(at now: ContinuousClock.Instant) -> Bool {
        guard let nextAttempt else { return true }
        guard now >= nextAttempt, !isTrying else { return false }
        isTrying = true
        return true
    }

    /// Notes that a connection was made.
    package mutating func didSucceed() { self = RedisReconnection() }

    /// Notes that no connection was made.
    ///
    /// - Parameters:
    ///   - now: When that was found out.
    ///   - jitter: What part of the delay to wait, in `0.5...1`, so that replicas do not come back together.
    package mutating func didFail(at now: ContinuousClock.Instant, jitter: Double) {
        isTrying = false
        // Callers that began together with the one that failed first say nothing new.
        if let nextAttempt, now < nextAttempt { return }
        let delay = min(Self.maximumDelay, Self.firstDelay * (1 << min(failureCount, 10)))
        failureCount += 1
        nextAttempt = now + delay * jitter
    }
}
