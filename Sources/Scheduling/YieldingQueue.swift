internal import Synchronization

/// Admits large work in small pieces, and makes way for other work beside it.
///
/// As many pieces run as there are slots, less one for each piece of other work, and at least one. Slots that were given up
/// stay so for a quarter of a second after the other work ended: otherwise a client that sends one request after another
/// would wait for a piece each time.
package final class YieldingQueue: Sendable {
    private static let pause = Duration.milliseconds(250)

    private struct State {
        var slots: Int
        /// Amount of other work.
        var others = 0
        /// Number of slots that are given up; it only falls after a pause.
        var givenUp = 0
        /// Counts the changes of `others`.
        var change = 0
    }

    private let pieces: WorkQueue
    private let state: Mutex<State>

    /// - Parameter slots: Maximum number of running pieces, at least 1.
    package init(slots: Int) {
        pieces = WorkQueue(slots: slots, capacity: .max)
        state = Mutex(State(slots: slots))
    }

    /// Number of running pieces.
    package var running: Int { pieces.running }

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
        try await pieces.withSlot(flow: flow, body)
    }

    /// Runs other work, which pieces make way for.
    package func makingWay<Result: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        for body: () async throws -> Result
    ) async throws -> Result {
        update { state in
            state.others += 1
            state.givenUp = max(state.givenUp, state.others)
        }
        defer { endOther() }
        return try await body()
    }

    private func endOther() {
        let change = update { $0.others -= 1 }
        // Without pieces, nothing would change.
        guard pieces.running + pieces.depth > 0 else { return takeBack() }
        Task {
            try? await Task.sleep(for: Self.pause)
            takeBack(unlessChangedSince: change)
        }
    }

    private func takeBack(unlessChangedSince change: Int? = nil) {
        update { state in
            guard change == nil || change == state.change else { return }
            state.givenUp = state.others
        }
    }

    /// Changes the state, and the number of slots accordingly; returns the number of the change.
    @discardableResult
    private func update(_ body: (inout State) -> Void) -> Int {
        // Within the lock, so that the last change determines the number of slots.
        state.withLock { state in
            let others = state.others
            body(&state)
            if state.others != others { state.change += 1 }
            let slots = max(1, state.slots - state.givenUp)
            if slots != pieces.slots { pieces.resize(slots: slots) }
            return state.change
        }
    }
}
