/// Who may work now and who waits: the rules of a ``WorkQueue``, without its waiting.
///
/// A pure state machine: each call says what the queue has to do about it. `Waiter` is whatever the queue resumes.
package struct WorkQueueState<Waiter> {
    package typealias Instant = ContinuousClock.Instant

    package enum Entry {
        case admitted
        /// It waits; who was pushed out of the full queue for it is to be refused.
        case waiting(pushedOut: Waiter?)
        case refused
    }

    /// What waits of one flow, the earliest deadline first, and what the flow has had.
    private struct Flow {
        var waiters: [(ticket: UInt64, deadline: Instant, waiter: Waiter)] = []
        var running = 0
        /// For how long its work has held slots; what joins begins with what the least served flow has had.
        var served: Duration
    }

    package private(set) var running = 0
    package private(set) var depth = 0
    package private(set) var slots: Int
    package let capacity: Int
    /// Moving average of how long a slot is held.
    private var turn: Duration = .milliseconds(100)
    private var lastRefusal: Instant?
    /// Those that run or wait.
    private var flows: [String: Flow] = [:]

    package init(slots: Int, capacity: Int) {
        precondition(slots > 0 && capacity >= 0, "a queue has at least one slot and no negative capacity")
        self.slots = slots
        self.capacity = capacity
    }

    /// How long work that comes now would wait, judged by how long slots were held lately.
    package var estimatedWait: Duration { running < slots ? .zero : turn * (depth + 1) / slots }

    /// Takes a slot if there is one that nobody waits for.
    package mutating func enterIfFree(flow: String) -> Bool {
        guard running < slots, depth == 0 else { return false }
        change(flow) { $0.running += 1 }
        running += 1
        return true
    }

    /// Asks for a slot; `waiter` is kept only where the answer is `waiting`.
    package mutating func enter(flow: String, ticket: UInt64, deadline: Instant, now: Instant, waiter: Waiter) -> Entry
    {
        if enterIfFree(flow: flow) { return .admitted }
        // What will not get its turn in time would only hold up what can.
        guard now + estimatedWait < deadline else { return .refused }
        var pushedOut: Waiter?
        if depth >= currentCapacity(now) {
            lastRefusal = now
            pushedOut = pushOut(inFavorOf: flow)
            guard pushedOut != nil else { return .refused }
        }
        change(flow) { flow in
            let position = flow.waiters.firstIndex { $0.deadline > deadline } ?? flow.waiters.endIndex
            flow.waiters.insert((ticket, deadline, waiter), at: position)
        }
        depth += 1
        return .waiting(pushedOut: pushedOut)
    }

    /// Gives a slot back that was held for a time; it passes to the waiter returned, who is to be resumed.
    package mutating func leave(flow: String, after turn: Duration) -> Waiter? {
        self.turn += (turn - self.turn) / 10
        running -= 1
        change(flow) { flow in
            flow.running -= 1
            flow.served += turn
        }
        return admitNext()
    }

    /// Takes a waiter out of the queue; nil where it has left already.
    package mutating func withdraw(flow: String, ticket: UInt64) -> Waiter? {
        guard let position = flows[flow]?.waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        depth -= 1
        return change(flow) { $0.waiters.remove(at: position).waiter }
    }

    /// Changes the number of slots; those returned have got one, and are to be resumed.
    package mutating func resize(slots: Int) -> [Waiter] {
        precondition(slots > 0, "a queue has at least one slot")
        self.slots = slots
        var admitted: [Waiter] = []
        while let waiter = admitNext() { admitted.append(waiter) }
        return admitted
    }

    /// A burst may fill the queue; while more comes than can be done, who gets in must not wait for a burst's length.
    ///
    /// That is so until a second has gone by in which nobody was refused.
    private func currentCapacity(_ now: Instant) -> Int {
        guard let lastRefusal, now - lastRefusal < .seconds(1) else { return capacity }
        return min(slots, capacity)
    }

    /// Gives a free slot to the flow that was served least, and in it to whoever must be done first.
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

    /// Makes room for a flow that has less than its share of the queue, by the last one of the flow that has most.
    private mutating func pushOut(inFavorOf flow: String) -> Waiter? {
        let counts = flows.mapValues(\.waiters.count).filter { $0.value > 0 }
        guard let (longest, most) = counts.max(by: { $0.value < $1.value }), (counts[flow] ?? 0) + 1 < most else {
            return nil
        }
        depth -= 1
        return change(longest) { $0.waiters.removeLast().waiter }
    }

    /// Changes a flow, which comes with its first work and goes with its last.
    @discardableResult
    private mutating func change<Result>(_ name: String, _ body: (inout Flow) -> Result) -> Result {
        var flow = flows[name] ?? Flow(served: flows.values.map(\.served).min() ?? .zero)
        let result = body(&flow)
        flows[name] = flow.running == 0 && flow.waiters.isEmpty ? nil : flow
        return result
    }
}
