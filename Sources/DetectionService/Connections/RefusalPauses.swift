internal import NIOCore
internal import Synchronization

/// Decides how long connections pause after a 503, so that clients which retry at once stay slow together.
final class RefusalPauses: Sendable {
    /// Refusals per second over all connections, beyond which pauses grow.
    private static let rate = 200
    /// Clients that respect `Retry-After`, which is at least a second, never notice a pause.
    private static let range = 100...1000

    private let count = Atomic<Int>(0)

    /// Begins a pause and returns its length.
    func begin() -> TimeAmount {
        let paused = count.add(1, ordering: .relaxed).newValue
        return .milliseconds(Int64(min(max(paused * 1000 / Self.rate, Self.range.lowerBound), Self.range.upperBound)))
    }

    func end() { count.subtract(1, ordering: .relaxed) }
}
