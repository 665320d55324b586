internal import CoreMetrics
internal import Synchronization

/// The values of one metric with one set of labels.
protocol Series: AnyObject, Sendable {
    func write(name: String, labels: [PrometheusRegistry.Label], to text: inout String)
}

final class CounterSeries: Series, CounterHandler {
    private let value = Mutex<Int64>(0)

    func increment(by amount: Int64) { value.withLock { $0 &+= amount } }
    func reset() { value.withLock { $0 = 0 } }

    func write(name: String, labels: [PrometheusRegistry.Label], to text: inout String) {
        text += "\(name)\(rendered(labels)) \(value.withLock { $0 })\n"
    }
}

final class GaugeSeries: Series, MeterHandler, RecorderHandler {
    private let value = Mutex<Double>(0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    func write(name: String, labels: [PrometheusRegistry.Label], to text: inout String) {
        text += "\(name)\(rendered(labels)) \(value.withLock { $0 })\n"
    }
}

final class HistogramSeries: Series, TimerHandler, RecorderHandler {
    private struct State {
        var counts = InlineArray<17, Int>(repeating: 0)
        var count = 0
        var sum = 0.0
    }

    /// Upper bounds of the buckets in seconds, from the shortest stages to requests that waited long.
    private static let bounds: InlineArray<17, Double> = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    private let state = Mutex(State())

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        state.withLock { state in
            state.count += 1
            state.sum += value
            if let bucket = Self.bounds.indices.first(where: { value <= Self.bounds[$0] }) {
                state.counts[bucket] += 1
            }
        }
    }

    func write(name: String, labels: [PrometheusRegistry.Label], to text: inout String) {
        let state = state.withLock { $0 }
        var cumulative = 0
        for bucket in Self.bounds.indices {
            cumulative += state.counts[bucket]
            text += "\(name)_bucket\(rendered(labels, bound: "\(Self.bounds[bucket])")) \(cumulative)\n"
        }
        text += "\(name)_bucket\(rendered(labels, bound: "+Inf")) \(state.count)\n"
        text += "\(name)_sum\(rendered(labels)) \(state.sum)\n"
        text += "\(name)_count\(rendered(labels)) \(state.count)\n"
    }
}

private func rendered(_ labels: [PrometheusRegistry.Label], bound: String? = nil) -> String {
    let all = labels.map { ($0.name, $0.value) } + (bound.map { [("le", $0)] } ?? [])
    guard !all.isEmpty else { return "" }
    let pairs = all.map { name, value in
        let escaped = value.map { character in
            switch character {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: String(character)
            }
        }
        return "\(name)=\"\(escaped.joined())\""
    }
    return "{\(pairs.joined(separator: ","))}"
}
