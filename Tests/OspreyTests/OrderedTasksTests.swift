import Scheduling
import Synchronization
import TestSupport
import Testing
import osprey

@Suite struct OrderedTasksTests {
    private final class Gauge: Sendable {
        private let state = Mutex((now: 0, most: 0))

        var most: Int { state.withLock { $0.most } }

        func change(by difference: Int) {
            state.withLock { state in
                state.now += difference
                state.most = max(state.most, state.now)
            }
        }
    }

    private let workers = WorkerPool(threadCount: 4)

    @Test("results come in order, whatever the durations of the tasks", arguments: [1, 3, 8])
    func order(inFlight: Int) async throws {
        var generator = SeededGenerator(seed: 1)
        let delays = (0..<60).map { _ in Int.random(in: 0...3, using: &generator) }
        let gauge = Gauge()
        var handled: [Int] = []
        try await forEachInOrder(
            Array(delays.enumerated()),
            inFlight: inFlight,
            on: workers,
            { index, delay in
                gauge.change(by: 1)
                try await Task.sleep(for: .milliseconds(delay))
                gauge.change(by: -1)
                return index
            },
            handle: { handled.append($0) }
        )
        #expect(handled == Array(0..<60))
        #expect(gauge.most <= inFlight)
    }

    @Test("an error ends the run")
    func errors() async {
        struct Failure: Error {}
        await #expect(throws: Failure.self) {
            try await forEachInOrder(
                Array(0..<10),
                inFlight: 2,
                on: workers,
                { if $0 == 5 { throw Failure() } },
                handle: { _ in }
            )
        }
    }
}
