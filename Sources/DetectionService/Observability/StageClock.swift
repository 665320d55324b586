internal import Synchronization

/// The steps of a request that are timed.
enum Stage: String, CaseIterable, Sendable {
    case receive
    case queue
    case decode
    case letterbox
    case infer
    case postprocess
    case masks
    case transform
    case draw
    case encode
    case store
}

/// How long each stage of one request took.
///
/// A stage that happens several times, as with several pictures, adds up.
final class StageClock: Sendable {
    private let durations = Mutex<[(stage: Stage, duration: Duration)]>([])

    func add(_ duration: Duration, to stage: Stage) {
        durations.withLock { durations in
            if let index = durations.firstIndex(where: { $0.stage == stage }) {
                durations[index].duration += duration
            } else {
                durations.append((stage, duration))
            }
        }
    }

    /// Runs `body` and adds the time it takes to a stage.
    func time<Result>(_ stage: Stage, _ body: () throws -> Result) rethrows -> Result {
        let start = ContinuousClock.now
        defer { add(ContinuousClock.now - start, to: stage) }
        return try body()
    }

    /// The stages in the order in which they first ended.
    var recorded: [(stage: Stage, duration: Duration)] { durations.withLock { $0 } }

    /// The value of the `Server-Timing` header, in milliseconds.
    func serverTiming(total: Duration) -> String {
        (recorded.map { ($0.stage.rawValue, $0.duration) } + [("total", total)])
            .map { "\($0);dur=\(Self.milliseconds($1))" }
            .joined(separator: ", ")
    }

    private static func milliseconds(_ duration: Duration) -> Double {
        ((duration / .milliseconds(1)) * 1000).rounded() / 1000
    }
}
