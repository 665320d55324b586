internal import Synchronization

/// Admits work in order of arrival: so much at the same time, so much waiting, the rest is refused at once.
///
/// What holds memory or keeps a core busy (decoding, inference, encoding) happens inside a slot, so the slots bound
/// both. A task that is cancelled while it waits leaves the queue: its work never starts.
public final class WorkQueue: Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>

    private struct Shared {
        var state: WorkQueueState<Waiter>
        var nextTicket: UInt64 = 0
        /// Moving average of how long a slot is held.
        var secondsPerTurn = 0.1
    }

    /// How much runs at the same time.
    public let slots: Int
    /// How much may wait.
    public let capacity: Int

    private let shared: Mutex<Shared>

    /// Makes a queue.
    ///
    /// - Parameters:
    ///   - slots: How much runs at the same time, at least 1.
    ///   - capacity: How much may wait, at least 0.
    public init(slots: Int, capacity: Int) {
        self.slots = slots
        self.capacity = capacity
        shared = Mutex(Shared(state: WorkQueueState(slots: slots, capacity: capacity)))
    }

    /// How much waits now.
    public var depth: Int { shared.withLock { $0.state.depth } }

    /// How much runs now.
    public var running: Int { shared.withLock { $0.state.running } }

    /// Seconds until work that comes now would get its turn, judged by how long slots were held lately.
    public var estimatedWaitSeconds: Double {
        shared.withLock { $0.secondsPerTurn * Double($0.state.depth + 1) / Double(slots) }
    }

    /// Runs `body` in a slot, after waiting for one if need be.
    ///
    /// - Parameters:
    ///   - isolation: The caller's.
    ///   - body: The work; the slot is given back when it returns or throws.
    /// - Returns: What `body` returns.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/queueFull`` at once when no more may wait;
    ///   `CancellationError` when the task is cancelled while it waits; what `body` throws.
    public func withSlot<Result: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Result
    ) async throws -> Result {
        try await enter()
        let start = ContinuousClock.now
        defer { leave(after: ContinuousClock.now - start) }
        return try await body()
    }

    private func enter() async throws {
        try Task.checkCancellation()
        let ticket: UInt64? = shared.withLock { shared in
            if shared.state.enterIfFree() { return nil }
            shared.nextTicket += 1
            return shared.nextTicket
        }
        if let ticket { try await wait(ticket: ticket) }
    }

    private func wait(ticket: UInt64) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: Waiter) in
                let entry = shared.withLock { $0.state.enter(ticket: ticket, waiter: continuation) }
                switch entry {
                case .admitted: continuation.resume()
                case .refused: continuation.resume(throwing: Self.queueFull)
                case .waiting:
                    // A cancellation that came before the ticket was in the queue found nothing to withdraw.
                    if Task.isCancelled { withdraw(ticket) }
                }
            }
        } onCancel: {
            withdraw(ticket)
        }
    }

    private func withdraw(_ ticket: UInt64) {
        shared.withLock { $0.state.withdraw(ticket: ticket) }?.resume(throwing: CancellationError())
    }

    private func leave(after turn: Duration) {
        let next = shared.withLock { shared in
            shared.secondsPerTurn += 0.1 * (turn / .seconds(1) - shared.secondsPerTurn)
            return shared.state.leave()
        }
        next?.resume()
    }

    private static let queueFull = InferenceError(.queueFull, "The service is busy; try again in a moment.")
}
