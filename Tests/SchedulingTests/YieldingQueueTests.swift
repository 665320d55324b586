import Scheduling
import Testing

@Suite struct YieldingQueueTests {
    @Test("pieces use all slots alone, one fewer for each piece of other work, and at least one")
    func makingWay() async throws {
        let time = Shared(ContinuousClock.now)
        let queue = YieldingQueue(slots: 3) { time.value }
        let gates = (0..<8).map { _ in Gate() }
        let others = Shared(0)
        let pieces = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, gate) in gates.prefix(6).enumerated() {
                group.addTask {
                    try await queue.withSlot(flow: "picture") {
                        pieces.change { $0 += 1 }
                        await gate.wait()
                    }
                }
                // They start in this order.
                try await eventually { queue.running + queue.depth == index + 1 }
            }
            #expect(queue.running == 3)
            // Other work starts at once; pieces that run end first.
            for (count, gate) in gates.suffix(2).enumerated() {
                group.addTask {
                    try await queue.makingWay {
                        others.change { $0 += 1 }
                        await gate.wait()
                    }
                    others.change { $0 -= 1 }
                }
                try await eventually { others.value == count + 1 }
                #expect(queue.running == 3 - count)
                gates[count].open()
                try await eventually { queue.running == 2 - count }
            }
            gates[2].open()
            try await eventually { pieces.value == 4 }
            #expect(queue.running == 1)
            // Slots come back a while after the other work, when the next piece ends.
            gates[6].open()
            gates[7].open()
            try await eventually { others.value == 0 }
            time.change { $0 += .milliseconds(200) }
            gates[3].open()
            try await eventually { pieces.value == 5 }
            #expect(queue.running == 1)
            time.change { $0 += .milliseconds(500) }
            try await queue.withSlot(flow: "picture") {}
            #expect(queue.running == 2)
            for gate in gates { gate.open() }
            try await group.waitForAll()
        }
        #expect(queue.running == 0)
    }

    @Test("the pieces of several pictures take turns")
    func turns() async throws {
        let time = Shared(ContinuousClock.now)
        let queue = YieldingQueue(slots: 1) { time.value }
        let gate = Gate()
        let order = Shared<[String]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await queue.withSlot(flow: "first") { await gate.wait() } }
            try await eventually { queue.running == 1 }
            for (flow, count, depth) in [("large", 4, 4), ("small", 2, 6)] {
                for _ in 0..<count {
                    group.addTask {
                        try await queue.withSlot(flow: flow) {
                            order.change { $0.append(flow) }
                            time.change { $0 += .milliseconds(10) }
                        }
                    }
                }
                try await eventually { queue.depth == depth }
            }
            gate.open()
            try await group.waitForAll()
        }
        // The small picture is done long before the large one.
        #expect(order.value.lastIndex(of: "small") ?? 9 <= 4, "\(order.value)")
    }

    @Test("without pieces, other work leaves nothing behind after half a second")
    func nothing() async throws {
        let time = Shared(ContinuousClock.now)
        let queue = YieldingQueue(slots: 2) { time.value }
        try await queue.makingWay {}
        queue.resize(slots: 4)
        time.change { $0 += .milliseconds(500) }
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { try await queue.withSlot(flow: "") { await gate.wait() } } }
            try await eventually { queue.running == 4 }
            gate.open()
            try await group.waitForAll()
        }
    }
}
