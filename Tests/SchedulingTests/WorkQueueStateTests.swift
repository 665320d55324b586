import Scheduling
import Testing

@Suite struct WorkQueueStateTests {
    private static let start = ContinuousClock.now

    /// A state whose slots are all taken by the flow "busy".
    private static func full(slots: Int = 1, capacity: Int) -> WorkQueueState<Int> {
        var state = WorkQueueState<Int>(slots: slots, capacity: capacity)
        for _ in 0..<slots { _ = state.enterIfFree(flow: "busy") }
        return state
    }

    /// Requests a slot, with the ticket as the waiter.
    private static func enter(
        _ state: inout WorkQueueState<Int>,
        _ ticket: Int,
        flow: String = "a",
        deadline: Double = 3600,
        at seconds: Double = 0
    ) -> String {
        let now = start + .seconds(seconds)
        let due = start + .seconds(deadline)
        switch state.enter(flow: flow, ticket: UInt64(ticket), deadline: due, now: now, waiter: ticket) {
        case .admitted: return "admitted"
        case .rejected: return "rejected"
        case .waiting(nil): return "waiting"
        case .waiting(let pushedOut?): return "instead of \(pushedOut)"
        }
    }

    /// The order in which waiters get the slot, if each flow's work holds it for the given time.
    private static func turns(
        _ state: inout WorkQueueState<Int>,
        flows: [Int: String],
        held: [String: Duration]
    ) -> [Int] {
        var order: [Int] = []
        var flow = "busy"
        while let next = state.leave(flow: flow, after: held[flow] ?? .milliseconds(10)) {
            order.append(next)
            flow = flows[next] ?? ""
        }
        return order
    }

    @Test("room for work is known before it enters")
    func room() {
        func hasRoom(_ state: inout WorkQueueState<Int>, flow: String = "a", deadline: Double = 3600) -> Bool {
            state.hasRoom(flow: flow, deadline: Self.start + .seconds(deadline), now: Self.start)
        }
        var free = WorkQueueState<Int>(slots: 1, capacity: 0)
        #expect(hasRoom(&free))
        var full = Self.full(capacity: 0)
        #expect(!hasRoom(&full))
        var waiting = Self.full(capacity: 2)
        // A turn is assumed to take 0.1 s.
        #expect(hasRoom(&waiting) && !hasRoom(&waiting, deadline: 0.05))
        expect(Self.enter(&waiting, 1), "waiting")
        expect(Self.enter(&waiting, 2), "waiting")
        #expect(!hasRoom(&waiting))
        // Another flow would push one of the two out; asking changes nothing.
        #expect(hasRoom(&waiting, flow: "b"))
        #expect(waiting.depth == 2)
        // Work that is turned away also keeps the queue short.
        expect(Self.enter(&waiting, 3, flow: "b"), "instead of 2")
    }

    @Test("the earliest deadline is first, and equal deadlines are in order of arrival")
    func deadlines() {
        var state = Self.full(capacity: 8)
        for (ticket, deadline) in [(1, 30.0), (2, 10), (3, 30), (4, 20), (5, 10)] {
            expect(Self.enter(&state, ticket, deadline: deadline), "waiting")
        }
        let flows = [1: "a", 2: "a", 3: "a", 4: "a", 5: "a"]
        let order = Self.turns(&state, flows: flows, held: [:])
        #expect(order == [2, 5, 4, 1, 3])
        #expect(state.running == 0 && state.depth == 0)
    }

    @Test(
        "flows get equal time, not equal numbers of turns",
        arguments: [(10, [1, 11, 2, 12, 3, 13, 4, 14]), (30, [1, 11, 2, 3, 4, 12, 13, 14])]
    )
    func fairness(millisecondsOfB: Int, expected: [Int]) {
        var state = Self.full(capacity: 8)
        for ticket in 1...4 { expect(Self.enter(&state, ticket, flow: "a"), "waiting") }
        for ticket in 11...14 { expect(Self.enter(&state, ticket, flow: "b", deadline: 3601), "waiting") }
        let flows = Dictionary(uniqueKeysWithValues: (1...4).map { ($0, "a") } + (11...14).map { ($0, "b") })
        let order = Self.turns(&state, flows: flows, held: ["b": .milliseconds(millisecondsOfB)])
        #expect(order == expected)
    }

    @Test("a flow that fills the queue makes room for another, up to equal shares")
    func shares() {
        var state = Self.full(capacity: 4)
        for ticket in 1...4 { expect(Self.enter(&state, ticket, deadline: Double(100 + ticket)), "waiting") }
        expect(Self.enter(&state, 5), "rejected")
        expect(Self.enter(&state, 11, flow: "b"), "instead of 4")
        expect(Self.enter(&state, 12, flow: "b"), "instead of 3")
        expect(Self.enter(&state, 13, flow: "b"), "rejected")
        #expect(state.depth == 4)
    }

    @Test("after a rejection, no more wait than there are slots until a second passes without rejections")
    func overload() {
        var state = Self.full(slots: 2, capacity: 6)
        for ticket in 1...6 { expect(Self.enter(&state, ticket), "waiting") }
        expect(Self.enter(&state, 7), "rejected")
        for _ in 0..<4 { _ = state.leave(flow: "a", after: .milliseconds(10)) }
        #expect(state.depth == 2)
        expect(Self.enter(&state, 8, at: 0.9), "rejected")
        expect(Self.enter(&state, 9, at: 1.8), "rejected")
        _ = state.leave(flow: "a", after: .milliseconds(10))
        expect(Self.enter(&state, 10, at: 1.8), "waiting")
        for ticket in 11...14 { expect(Self.enter(&state, ticket, at: 2.9), "waiting") }
    }

    @Test("work that cannot start before its deadline is rejected, and does not shorten the queue")
    func lateness() {
        var state = Self.full(capacity: 8)
        // No work has finished yet: 0.1 s per turn is assumed.
        #expect(state.estimatedWait == .milliseconds(100))
        expect(Self.enter(&state, 1, deadline: 0.05), "rejected")
        expect(Self.enter(&state, 2, deadline: 0.15), "waiting")
        expect(Self.enter(&state, 3, deadline: 0.15), "rejected")
        expect(Self.enter(&state, 4), "waiting")
    }

    @Test("additional slots admit waiters, and removed slots are not reused when they are released")
    func resizing() {
        var state = Self.full(capacity: 8)
        for ticket in 1...4 { expect(Self.enter(&state, ticket), "waiting") }
        let admitted = state.resize(slots: 3)
        #expect(admitted == [1, 2])
        #expect(state.running == 3 && state.depth == 2)
        let none = state.resize(slots: 1)
        #expect(none == [])
        let next = [state.leave(flow: "a", after: .zero), state.leave(flow: "a", after: .zero)]
        #expect(next == [nil, nil])
        let last = state.leave(flow: "busy", after: .zero)
        #expect(last == 3)
    }

    @Test("a withdrawn waiter leaves the queue once")
    func withdrawal() {
        var state = Self.full(capacity: 8)
        for ticket in 1...3 { expect(Self.enter(&state, ticket), "waiting") }
        let withdrawn = [("a", 2), ("a", 2), ("b", 1)].map { state.withdraw(flow: $0, ticket: $1) }
        #expect(withdrawn == [2, nil, nil])
        let order = Self.turns(&state, flows: [1: "a", 3: "a"], held: [:])
        #expect(order == [1, 3])
    }
}

/// Takes the result as an argument, because `#expect` cannot contain mutating calls.
private func expect(_ answer: String, _ expected: String, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(answer == expected, sourceLocation: sourceLocation)
}
