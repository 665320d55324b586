internal import Synchronization

/// Bounds running and waiting work, and rejects the rest immediately.
///
/// Everything that needs much memory or keeps a core busy (decoding, inference, encoding) runs inside a slot, so slots
/// bound both. Work is grouped into flows, for example one per model, that share slots and queue fairly; in a flow, the
/// earliest deadline runs first. Work that cannot start before its deadline is rejected, too. For a second after each
/// rejection, the queue admits no more waiters than there are slots: under overload, admitted work starts soon. If a
/// task is cancelled while it waits, it leaves the queue, and its work never starts.
package final class WorkQueue: Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>

    /// Maximum number of waiting tasks in a burst.
    package let capacity: Int

    private let state: Mutex<WorkQueueState<Waiter>>
    private let lastTicket = Atomic<UInt64>(0)
    private let now: @Sendable () -> ContinuousClock.Instant

    /// Makes a queue.
    ///
    /// - Parameters:
    ///   - slots: Maximum number of running tasks, at least 1.
    ///   - capacity: Maximum number of waiting tasks, at least 0.
    ///   - now: Tells the time.
    package init(slots: Int, capacity: Int, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.capacity = capacity
        self.now = now
        state = Mutex(WorkQueueState(slots: slots, capacity: capacity))
    }

    /// Number of waiting tasks.
    package var depth: Int { state.withLock { $0.depth } }

    /// Number of running tasks that hold a slot.
    package var running: Int { state.withLock { $0.running } }

    /// Maximum number of running tasks.
    package var slots: Int { state.withLock { $0.slots } }

    /// Whether the caller's work, which holds a slot, is the only work.
    package var isAlone: Bool { state.withLock { $0.running == 1 && $0.depth == 0 } }

    /// Estimated wait of work that arrives now, from how long slots were held recently.
    package var estimatedWait: Duration { state.withLock { $0.estimatedWait } }

    /// Changes the number of slots.
    ///
    /// - Parameter slots: At least 1.
    package func resize(slots: Int) {
        for waiter in state.withLock({ $0.resize(slots: slots) }) { waiter.resume() }
    }

    /// Checks whether work would get a slot or wait for one, before it is prepared.
    ///
    /// - Parameters:
    ///   - flow: Name of the flow that the work belongs to.
    ///   - deadline: Latest start.
    /// - Throws: ``SchedulingError`` if the queue is full or the work could not start in time.
    package func checkRoom(flow: String, deadline: ContinuousClock.Instant) throws(SchedulingError) {
        let hasRoom = state.withLock { $0.hasRoom(flow: flow, deadline: deadline, now: now()) }
        guard hasRoom else { throw queueFull }
    }

    /// Runs `body` in a slot, waiting for one if necessary.
    ///
    /// - Parameters:
    ///   - flow: Name of the flow that the work belongs to.
    ///   - deadline: Latest start; nil waits without limit.
    ///   - isolation: The caller's isolation.
    ///   - body: The work; the slot is released when it returns or throws.
    /// - Returns: The result of `body`.
    /// - Throws: ``SchedulingError`` if the queue is full or the work could not start in time; `CancellationError` if
    ///   the task is cancelled while it waits; errors of `body`.
    package func withSlot<Result: Sendable>(
        flow: String = "",
        deadline: ContinuousClock.Instant? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        if !state.withLock({ $0.enterIfFree(flow: flow) }) { try await wait(flow: flow, deadline: deadline) }
        let slot = Slot(of: self, flow: flow, deadline: deadline)
        defer { slot.leave() }
        return try await Slot.$current.withValue(slot) { try await body() }
    }

    /// A slot that work holds.
    package final class Slot: Sendable {
        /// The slot of the current task's work.
        @TaskLocal package static var current: Slot?

        private let queue: WorkQueue
        private let flow: String
        private let deadline: ContinuousClock.Instant?
        /// When the work got the slot; nil while it is lent.
        private let start: Mutex<ContinuousClock.Instant?>

        fileprivate init(of queue: WorkQueue, flow: String, deadline: ContinuousClock.Instant?) {
            self.queue = queue
            self.flow = flow
            self.deadline = deadline
            start = Mutex(queue.now())
        }

        /// Lets other work have the slot until ``takeBack()``: for work that takes long, and makes way for others.
        ///
        /// - Throws: ``SchedulingError`` with `queueFull` if as much work as there are slots already does so.
        package func lend() throws(SchedulingError) {
            let next = start.withLock { start -> (Waiter?)? in
                guard let begin = start else { return .some(nil) }
                let next = queue.state.withLock { $0.lend(flow: flow, after: queue.now() - begin) }
                if next != nil { start = nil }
                return next
            }
            guard let next else { throw queue.queueFull }
            next?.resume()
        }

        /// Waits for a slot again, if it was lent.
        ///
        /// - Throws: ``SchedulingError`` if another flow needs its place in the queue; `CancellationError`.
        package func takeBack(isolation: isolated (any Actor)? = #isolation) async throws {
            guard start.withLock({ $0 == nil }) else { return }
            try await queue.wait(flow: flow, deadline: deadline, isReturning: true)
            queue.state.withLock { $0.endLending() }
            start.withLock { $0 = queue.now() }
        }

        fileprivate func leave() {
            let begin = start.withLock { $0 }
            queue.state.withLock { state -> Waiter? in
                guard let begin else {
                    state.endLending()
                    return nil
                }
                return state.leave(flow: flow, after: queue.now() - begin)
            }?.resume()
        }
    }

    private func wait(flow: String, deadline: ContinuousClock.Instant?, isReturning: Bool = false) async throws {
        let ticket = lastTicket.add(1, ordering: .relaxed).newValue
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: Waiter) in
                let now = now()
                // Work without a deadline runs in order of arrival, after all work with one.
                let deadline = deadline ?? now + .seconds(86_400)
                let entry = state.withLock {
                    $0.enter(
                        flow: flow,
                        ticket: ticket,
                        deadline: deadline,
                        now: now,
                        isReturning: isReturning,
                        waiter: continuation
                    )
                }
                switch entry {
                case .admitted: continuation.resume()
                case .rejected: continuation.resume(throwing: queueFull)
                case .waiting(let pushedOut):
                    pushedOut?.resume(throwing: queueFull)
                    // A cancellation before the ticket was queued found nothing to withdraw.
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

    private var queueFull: SchedulingError {
        SchedulingError(.queueFull, "The service is busy; try again in a moment.", retryAfter: estimatedWait)
    }
}
