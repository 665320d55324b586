internal import Synchronization

/// The timed steps of a request.
package enum Stage: String, CaseIterable, Sendable {
    case receive
    case parse
    case queue
    case read
    case decode
    case letterbox
    case infer
    case postprocess
    case masks
    case transform
    case draw
    case encode
    case store
    case write
}

/// Measures the duration of each stage of one request.
///
/// A stage lasts from the end of the previous one to its own end, changes of threads included, so all stages add up to
/// the request's duration. A stage that ends several times, for example once per picture, accumulates.
package final class StageClock: Sendable {
    private struct Laps {
        var end: ContinuousClock.Instant
        var durations: [Stage: Duration] = [:]
    }

    private let laps: Mutex<Laps>

    package init(start: ContinuousClock.Instant) {
        laps = Mutex(Laps(end: start))
    }

    /// Ends a stage.
    ///
    /// - Parameters:
    ///   - stage: The stage that ends now.
    ///   - parts: Parts of its duration that belong to other stages.
    package func end(_ stage: Stage, but parts: [(stage: Stage, duration: Duration)] = []) {
        let now = ContinuousClock.now
        laps.withLock { laps in
            var rest = now - laps.end
            laps.end = now
            for part in parts {
                laps.durations[part.stage, default: .zero] += part.duration
                rest -= part.duration
            }
            laps.durations[stage, default: .zero] += rest
        }
    }

    /// The stages that ended, with their durations.
    package var recorded: [(stage: Stage, duration: Duration)] {
        let durations = laps.withLock { $0.durations }
        return Stage.allCases.compactMap { stage in durations[stage].map { (stage, $0) } }
    }

    /// The value of the `Server-Timing` header, in milliseconds.
    package func serverTiming(total: Duration) -> String {
        (recorded.map { ($0.stage.rawValue, $0.duration) } + [("total", total)])
            .map { "\($0);dur=\(Self.milliseconds($1))" }
            .joined(separator: ", ")
    }

    private static func milliseconds(_ duration: Duration) -> Double {
        ((duration / .milliseconds(1)) * 1000).rounded() / 1000
    }
}
