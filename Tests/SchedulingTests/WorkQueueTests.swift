import Scheduling
import Synchronization
import Testing

@Suite struct WorkQueueTests {
    @Test("no more work runs at the same time than there are slots, and all work runs") func slots() async throws {
        let queue = WorkQueue(slots: 3, capacity: 1000)
        let peak = Shared((running: 0, highest: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await queue.withSlot {
                        peak.change {
                            $0.running += 1
                            $0.highest = max($0.highest, $0.running)
                        }
                        await Task.yield()
                        peak.change { $0.running -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(peak.value.highest <= 3)
        #expect(queue.running == 0 && queue.depth == 0)
    }

    @Test("work runs in order of arrival") func order() async throws {
        let queue = WorkQueue(slots: 1, capacity: 10)
        let gate = Gate()
        let turns = Shared<[Int]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await queue.withSlot { await gate.wait() } }
            try await eventually { queue.running == 1 }
            for number in 0..<5 {
                group.addTask { try await queue.withSlot { turns.change { $0.append(number) } } }
                try await eventually { queue.depth == number + 1 }
            }
            gate.open()
            try await group.waitForAll()
        }
        #expect(turns.value == [0, 1, 2, 3, 4])
    }

    @Test("work that lends its slot lets others run, and waits for it again") func lending() async throws {
        let queue = WorkQueue(slots: 1, capacity: 0)
        let turns = Shared<[String]>([])
        let (lent, gate) = (Gate(), Gate())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await queue.withSlot {
                    let slot = try #require(WorkQueue.Slot.current)
                    try slot.lend()
                    try slot.lend()
                    lent.open()
                    await gate.wait()
                    // The queue has no room for others, but for this work.
                    try await slot.takeBack()
                    turns.change { $0.append("long") }
                }
            }
            await lent.wait()
            #expect(queue.running == 0)
            try await queue.withSlot {
                // No more work than there are slots goes on without one.
                #expect(throws: SchedulingError.self) { try WorkQueue.Slot.current?.lend() }
                gate.open()
                try await eventually { queue.depth == 1 }
                turns.change { $0.append("short") }
            }
            try await group.waitForAll()
        }
        #expect(turns.value == ["short", "long"])
        #expect(queue.running == 0 && queue.depth == 0)
        #expect(WorkQueue.Slot.current == nil)
    }

    @Test("work that ends while its slot is lent leaves nothing behind") func endingWithoutSlot() async throws {
        let queue = WorkQueue(slots: 1, capacity: 0)
        for _ in 0..<3 {
            await #expect(throws: CancellationError.self) {
                try await queue.withSlot {
                    try WorkQueue.Slot.current?.lend()
                    throw CancellationError()
                }
            }
        }
        #expect(queue.running == 0 && queue.depth == 0)
    }

    @Test("work beyond the capacity is rejected immediately") func refusal() async throws {
        let queue = WorkQueue(slots: 1, capacity: 1)
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await queue.withSlot { await gate.wait() } }
            try await eventually { queue.running == 1 }
            group.addTask { try await queue.withSlot {} }
            try await eventually { queue.depth == 1 }
            await #expect {
                try await queue.withSlot {}
            } throws: { error in
                (error as? SchedulingError)?.code == .queueFull
            }
            #expect(queue.estimatedWait > .zero)
            gate.open()
            try await group.waitForAll()
        }
    }

    @Test("cancelled work leaves the queue and never starts") func cancellation() async throws {
        let queue = WorkQueue(slots: 1, capacity: 10)
        let gate = Gate()
        let hasStarted = Shared(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await queue.withSlot { await gate.wait() } }
            try await eventually { queue.running == 1 }
            let waiting = Task { try await queue.withSlot { hasStarted.change { $0 = true } } }
            try await eventually { queue.depth == 1 }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(queue.depth == 0)
            gate.open()
            try await group.waitForAll()
        }
        #expect(!hasStarted.value)
        try await queue.withSlot {}
    }

    @Test("work that throws releases its slot") func failure() async throws {
        struct Failure: Error {}
        let queue = WorkQueue(slots: 1, capacity: 0)
        await #expect(throws: Failure.self) { try await queue.withSlot { throw Failure() } }
        #expect(queue.running == 0)
        try await queue.withSlot {}
    }
}
