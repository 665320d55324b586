internal import FoundationEssentials
package import JSONSchema
internal import Synchronization

/// Durations of the steps of one inference.
package final class InferenceClock: Sendable {
    package enum Step: Int, CaseIterable {
        case queue
        case input
        case inference
        case output
    }

    private struct State {
        var last = ContinuousClock.now
        var nanoseconds = [Int](repeating: 0, count: Step.allCases.count)
    }

    private let state = Mutex(State())

    /// Adds the time since the last step to a step.
    func end(_ step: Step) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.nanoseconds[step.rawValue] += Int((now - state.last) / .nanoseconds(1))
            state.last = now
        }
    }

    /// Nanoseconds by step.
    var nanoseconds: [Int] { state.withLock { $0.nanoseconds } }
}

/// Numbers and durations of inferences, by model.
package final class InferenceStatistics: Sendable {
    /// A number of inferences and their duration.
    package struct Total: JSONObject {
        package private(set) var count = 0
        package private(set) var nanoseconds = 0

        mutating func add(_ nanoseconds: Int) {
            count += 1
            self.nanoseconds += nanoseconds
        }

        package static let members: [JSONMember<Total>] = [
            JSONMember("count", \.count), JSONMember("ns", \.nanoseconds),
        ]
        package static let example = Total(count: 1, nanoseconds: 30_000_000)
    }

    package struct Totals: JSONObject {
        package fileprivate(set) var success = Total()
        package fileprivate(set) var failure = Total()
        fileprivate(set) var steps = [Total](repeating: Total(), count: InferenceClock.Step.allCases.count)

        package subscript(step: InferenceClock.Step) -> Total { steps[step.rawValue] }

        package static let members: [JSONMember<Totals>] = [
            JSONMember("cache_hit") { _ in Total() },
            JSONMember("cache_miss") { _ in Total() },
            JSONMember("compute_infer") { $0[.inference] },
            JSONMember("compute_input") { $0[.input] },
            JSONMember("compute_output") { $0[.output] },
            JSONMember("fail", \.failure),
            JSONMember("queue") { $0[.queue] },
            JSONMember("success", \.success),
        ]
        package static let example = Totals()
    }

    package struct Entry {
        /// Milliseconds since 1970; 0 before the first inference.
        package fileprivate(set) var last = 0
        package fileprivate(set) var totals = Totals()
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// Counts an inference of a model.
    func count(_ clock: InferenceClock, of model: String, failed: Bool) {
        let nanoseconds = clock.nanoseconds
        let now = Int(Date().timeIntervalSince1970 * 1000)
        entries.withLock { entries in
            var entry = entries[model] ?? Entry()
            entry.last = now
            if failed {
                entry.totals.failure.add(nanoseconds.reduce(0, +))
            } else {
                entry.totals.success.add(nanoseconds.reduce(0, +))
                for step in nanoseconds.indices { entry.totals.steps[step].add(nanoseconds[step]) }
            }
            entries[model] = entry
        }
    }

    package subscript(model: String) -> Entry { entries.withLock { $0[model] ?? Entry() } }
}
