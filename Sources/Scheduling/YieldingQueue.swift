internal import Synchronization

/// Admits large work in small pieces, and makes way for other work beside it.
///
/// As many pieces run as there are slots, less the largest amount of other work in the last quarter of a second, and at
/// least one. Slots do not come back at once, because otherwise a client that sends one request after another would wait
/// for a piece each time.
package final class YieldingQueue: Sendable {
    fileprivate static let pause = Duration.milliseconds(250)

    private struct State {
        var slots: Int
        /// Amount of other work.
        var others = 0
        /// Its maximum since `begin`, and in the period before.
        var peak = 0
        var lastPeak = 0
        var begin: ContinuousClock.Instant

        /// Number of slots that pieces may have now.
        mutating func available(_ now: ContinuousClock.Instant) -> Int {
            if now - begin >= YieldingQueue.pause {
                lastPeak = now - begin >= YieldingQueue.pause * 2 ? 0 : peak
                peak = others
                begin = now
            }
            peak = max(peak, others)
            return max(1, slots - max(peak, lastPeak))
        }
    }

    private let pieces: WorkQueue
    private let state: Mutex<State>
    private let now: @Sendable () -> ContinuousClock.Instant

    /// Makes a queue.
    ///
    /// - Parameters:
    ///   - slots: Maximum number of running pieces, at least 1.
    ///   - now: Tells the time.
    package init(slots: Int, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        pieces = WorkQueue(slots: slots, capacity: .max, now: now)
        state = Mutex(State(slots: slots, begin: now()))
        self.now = now
    }

    /// Number of running pieces.
    package var running: Int { pieces.running }
    /// Number of waiting pieces.
    package var depth: Int { pieces.depth }

    /// Changes the number of slots.
    ///
    /// - Parameter slots: At least 1.
    package func resize(slots: Int) {
        update { $0.slots = slots }
    }

    /// Runs a piece of work in a slot, waiting for one if necessary.
    ///
    /// - Parameters:
    ///   - flow: Name of the work that it is a piece of; all get an equal share.
    ///   - isolation: The caller's isolation.
    ///   - body: The piece.
    /// - Returns: The result of `body`.
    /// - Throws: `CancellationError` if the task is cancelled while it waits; errors of `body`.
    package func withSlot<Result: Sendable>(
        flow: String,
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Result
    ) async throws -> Result {
        update { _ in }
        // Pieces end all the time, so no timer has to bring slots back.
        defer { update { _ in } }
        return try await pieces.withSlot(flow: flow) {
            // A piece cannot lend its slot: what it is a part of was admitted, and must not fail for want of one.
            try await WorkQueue.Slot.$current.withValue(nil) { try await body() }
        }
    }

    /// Runs other work, which pieces make way for.
    package func makingWay<Result: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        for body: () async throws -> Result
    ) async throws -> Result {
        update { $0.others += 1 }
        defer { update { $0.others -= 1 } }
        return try await body()
    }

    /// Changes the state, and the number of slots accordingly.
    private func update(_ body: (inout State) -> Void) {
        let now = now()
        // Within the lock, so that the last change determines the number of slots.
        state.withLock { state in
            body(&state)
            let slots = state.available(now)
            if slots != pieces.slots { pieces.resize(slots: slots) }
        }
    }
}
