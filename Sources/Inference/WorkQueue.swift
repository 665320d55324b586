internal import Synchronization

/// Admits work: so much at the same time, so much waiting, the rest is refused at once.
///
/// What holds memory or keeps a core busy (decoding, inference, encoding) happens inside a slot, so the slots bound
/// both. Work comes in flows, such as one for each model, that share slots and queue fairly; within a flow the earliest
/// deadline is first. What cannot get its turn before its deadline is refused as well, and for a second after each
/// refusal no more wait than there are slots: so those that get in when too much comes are done soon.
/// A task that is cancelled while it waits leaves the queue: its work never starts.
public final class WorkQueue: Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>

    /// How much may wait in a burst.
    public let capacity: Int

    private let state: Mutex<WorkQueueState<Waiter>>
    private let lastTicket = Atomic<UInt64>(0)

    /// Makes a queue.
    ///
    /// - Parameters:
    ///   - slots: How much runs at the same time, at least 1.
    ///   - capacity: How much may wait, at least 0.
    public init(slots: Int, capacity: Int) {
        self.capacity = capacity
        state = Mutex(WorkQueueState(slots: slots, capacity: capacity))
    }

    /// How much waits now.
    public var depth: Int { state.withLock { $0.depth } }

    /// How much runs now.
    public var running: Int { state.withLock { $0.running } }

    /// How much may run at the same time.
    public var slots: Int { state.withLock { $0.slots } }

    /// Whether there is no other work than the caller's, which has a slot.
    public var isAlone: Bool { state.withLock { $0.running == 1 && $0.depth == 0 } }

    /// Seconds until work that comes now would get its turn, judged by how long slots were held lately.
    public var estimatedWaitSeconds: Double { state.withLock { $0.estimatedWait } / .seconds(1) }

    /// Changes how much may run at the same time, from now on.
    ///
    /// - Parameter slots: At least 1.
    public func resize(slots: Int) {
        for waiter in state.withLock({ $0.resize(slots: slots) }) { waiter.resume() }
    }

    /// Runs `body` in a slot, after waiting for one if need be.
    ///
    /// - Parameters:
    ///   - flow: What it shares fairly as a part of.
    ///   - deadline: When it must have begun; nil for work that can wait for ever.
    ///   - isolation: The caller's.
    ///   - body: The work; the slot is given back when it returns or throws.
    /// - Returns: What `body` returns.
    /// - Throws: ``InferenceError`` with ``InferenceError/Code/queueFull`` when no more may wait, or not so long;
    ///   `CancellationError` when the task is cancelled while it waits; what `body` throws.
    public func withSlot<Result: Sendable>(
        flow: String = "",
        deadline: ContinuousClock.Instant? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        if !state.withLock({ $0.enterIfFree(flow: flow) }) { try await wait(flow: flow, deadline: deadline) }
        let start = ContinuousClock.now
        defer { state.withLock { $0.leave(flow: flow, after: ContinuousClock.now - start) }?.resume() }
        return try await body()
    }

    private func wait(flow: String, deadline: ContinuousClock.Instant?) async throws {
        let ticket = lastTicket.add(1, ordering: .relaxed).newValue
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: Waiter) in
                let now = ContinuousClock.now
                // Without a deadline the order is that of arrival, after all that have one.
                let deadline = deadline ?? now + .seconds(86_400)
                let entry = state.withLock {
                    $0.enter(flow: flow, ticket: ticket, deadline: deadline, now: now, waiter: continuation)
                }
                switch entry {
                case .admitted: continuation.resume()
                case .refused: continuation.resume(throwing: Self.queueFull)
                case .waiting(let pushedOut):
                    pushedOut?.resume(throwing: Self.queueFull)
                    // A cancellation that came before the ticket was in the queue found nothing to withdraw.
                    if Task.isCancelled { withdraw(flow: flow, ticket: ticket) }
                }
            }
        } onCancel: {
            withdraw(flow: flow, ticket: ticket)
        }
    }

    private func withdraw(flow: String, ticket: UInt64) {
        state.withLock { $0.withdraw(flow: flow, ticket: ticket) }?.resume(throwing: CancellationError())
    }

    private static let queueFull = InferenceError(.queueFull, "The service is busy; try again in a moment.")
}
