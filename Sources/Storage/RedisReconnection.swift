/// Decides when to try reconnecting to an unavailable server.
///
/// The delay doubles with each failure, and one caller tries on behalf of all.
package struct RedisReconnection {
    /// Maximum delay between attempts.
    package static let maximumDelay = Duration.seconds(1)
    private static let firstDelay = Duration.milliseconds(50)

    private var failureCount = 0
    private var nextAttempt: ContinuousClock.Instant?
    private var isTrying = false

    package init() {}

    /// Returns whether the caller may try to connect now.
    ///
    /// If so, the caller must report the result with ``didSucceed()`` or ``didFail(at:jitter:)``.
    package mutating func mayBegin(at now: ContinuousClock.Instant) -> Bool {
        guard let nextAttempt else { return true }
        guard now >= nextAttempt, !isTrying else { return false }
        isTrying = true
        return true
    }

    /// Records that a connection was made.
    package mutating func didSucceed() { self = RedisReconnection() }

    /// Records that a connection attempt failed.
    ///
    /// - Parameters:
    ///   - now: Time of the failure.
    ///   - jitter: Fraction of the delay to wait, in `0.5...1`, so that replicas do not all reconnect at the same time.
    package mutating func didFail(at now: ContinuousClock.Instant, jitter: Double) {
        isTrying = false
        // Callers that started together with the first one to fail count as one failure.
        if let nextAttempt, now < nextAttempt { return }
        let delay = min(Self.maximumDelay, Self.firstDelay * (1 << min(failureCount, 10)))
        failureCount += 1
        nextAttempt = now + delay * jitter
    }
}
