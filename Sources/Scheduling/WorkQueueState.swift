/// The rules of a ``WorkQueue``: which work runs, waits or is rejected.
///
/// A pure state machine whose methods return what the queue must do. `Waiter` is whatever the queue resumes.
package struct WorkQueueState<Waiter> {
    package typealias Instant = ContinuousClock.Instant

    package enum Entry {
        case admitted
        /// The work waits; `pushedOut` lost its place in the full queue and must be rejected.
        case waiting(pushedOut: Waiter?)
        case rejected
    }

    /// One flow's waiters, earliest deadline first, and its share of the slots so far.
    private struct Flow {
        var waiters: [(ticket: UInt64, deadline: Instant, waiter: Waiter)] = []
        var running = 0
        /// Total time that its work held slots; a new flow starts with the minimum of all flows.
        var served: Duration
    }

    package private(set) var running = 0
    package private(set) var depth = 0
    package private(set) var slots: Int
    /// Number of running tasks that gave their slots to others for a while.
    package private(set) var lent = 0
    package let capacity: Int
    /// Moving average of how long work holds a slot.
    private var turn: Duration = .milliseconds(100)
    private var lastRejection: Instant?
    /// Flows with running or waiting work.
    private var flows: [String: Flow] = [:]

    package init(slots: Int, capacity: Int) {
        precondition(slots > 0 && capacity >= 0, "a queue has at least one slot and no negative capacity")
        self.slots = slots
        self.capacity = capacity
    }

    /// Estimated wait of work that arrives now, from how long slots were held recently.
    package var estimatedWait: Duration { running < slots ? .zero : turn * (depth + 1) / slots }

    /// Takes a slot if one is free and nothing waits for it.
    package mutating func enterIfFree(flow: String) -> Bool {
        guard running < slots, depth == 0 else { return false }
        change(flow) { $0.running += 1 }
        running += 1
        return true
    }

    /// Requests a slot; `waiter` is kept only if the result is `waiting`.
    ///
    /// Returning work has lent its slot before: it is not rejected, so that what it did is not lost.
    package mutating func enter(
        flow: String,
        ticket: UInt64,
        deadline: Instant,
        now: Instant,
        isReturning: Bool = false,
        waiter: Waiter
    ) -> Entry {
        if enterIfFree(flow: flow) { return .admitted }
        guard isReturning || hasRoom(flow: flow, deadline: deadline, now: now) else { return .rejected }
        let pushedOut = depth >= currentCapacity(now) ? pushOut(inFavorOf: flow) : nil
        change(flow) { flow in
            let position = flow.waiters.firstIndex { $0.deadline > deadline } ?? flow.waiters.endIndex
            flow.waiters.insert((ticket, deadline, waiter), at: position)
        }
        depth += 1
        return .waiting(pushedOut: pushedOut)
    }

    /// Whether work would be admitted or wait if it requested a slot now.
    package mutating func hasRoom(flow: String, deadline: Instant, now: Instant) -> Bool {
        guard running >= slots || depth > 0 else { return true }
        // Work that cannot start in time would only delay work that can.
        guard now + estimatedWait < deadline else { return false }
        guard depth >= currentCapacity(now) else { return true }
        lastRejection = now
        return longestFlow(longerThan: flow) != nil
    }

    /// Releases a slot after `turn`; it passes to the returned waiter, which must be resumed.
    package mutating func leave(flow: String, after turn: Duration) -> Waiter? {
        self.turn += (turn - self.turn) / 10
        running -= 1
        change(flow) { flow in
            flow.running -= 1
            flow.served += turn
        }
        return admitNext()
    }

    /// Releases a slot after `turn`, for work that goes on without one; nil if as many as there are slots already do.
    package mutating func lend(flow: String, after turn: Duration) -> Waiter?? {
        guard lent < slots else { return nil }
        lent += 1
        return .some(leave(flow: flow, after: turn))
    }

    /// Ends the work without a slot that ``lend(flow:after:)`` allowed.
    package mutating func endLending() { lent -= 1 }

    /// Removes a waiter from the queue; nil if it already left.
    package mutating func withdraw(flow: String, ticket: UInt64) -> Waiter? {
        guard let position = flows[flow]?.waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        depth -= 1
        return change(flow) { $0.waiters.remove(at: position).waiter }
    }

    /// Changes the number of slots; the returned waiters were admitted and must be resumed.
    package mutating func resize(slots: Int) -> [Waiter] {
        precondition(slots > 0, "a queue has at least one slot")
        self.slots = slots
        var admitted: [Waiter] = []
        while let waiter = admitNext() { admitted.append(waiter) }
        return admitted
    }

    /// A burst may fill the queue; under overload it is kept short, so that admitted work starts soon.
    ///
    /// Overload ends a second after the last rejection.
    private func currentCapacity(_ now: Instant) -> Int {
        guard let lastRejection, now - lastRejection < .seconds(1) else { return capacity }
        return min(slots, capacity)
    }

    /// Admits the earliest deadline of the least served flow, if a slot is free.
    private mutating func admitNext() -> Waiter? {
        let waiting = flows.compactMap { name, flow in flow.waiters.first.map { (name, flow.served, $0.deadline) } }
        guard running < slots, let (flow, _, _) = waiting.min(by: { ($0.1, $0.2) < ($1.1, $1.2) }) else { return nil }
        running += 1
        depth -= 1
        return change(flow) { flow in
            flow.running += 1
            return flow.waiters.removeFirst().waiter
        }
    }

    /// Makes room for a flow with less than its share of the queue: removes the last waiter of the longest flow.
    private mutating func pushOut(inFavorOf flow: String) -> Waiter? {
        guard let longest = longestFlow(longerThan: flow) else { return nil }
        depth -= 1
        return change(longest) { $0.waiters.removeLast().waiter }
    }

    /// Returns the flow with the most waiters if it would still have more than `flow` with another one.
    private func longestFlow(longerThan flow: String) -> String? {
        let counts = flows.mapValues(\.waiters.count).filter { $0.value > 0 }
        guard let (longest, most) = counts.max(by: { $0.value < $1.value }), (counts[flow] ?? 0) + 1 < most else {
            return nil
        }
        return longest
    }

    /// Changes a flow; flows exist only while they have running or waiting work.
    @discardableResult
    private mutating func change<Result>(_ name: String, _ body: (inout Flow) -> Result) -> Result {
        var flow = flows[name] ?? Flow(served: flows.values.map(\.served).min() ?? .zero)
        let result = body(&flow)
        flows[name] = flow.running == 0 && flow.waiters.isEmpty ? nil : flow
        return result
    }
}
