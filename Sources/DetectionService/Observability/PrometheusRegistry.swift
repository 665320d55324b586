package import CoreMetrics
internal import Synchronization

/// Keeps metrics and writes them in Prometheus' text format, version 0.0.4.
///
/// A backend of swift-metrics: meters and recorders without aggregation are gauges; timers and recorders with
/// aggregation are histograms.
package final class PrometheusRegistry: MetricsFactory, Sendable {
    private struct Family {
        var type: String
        var help: String
        var series: [[Label]: any Series] = [:]
    }

    struct Label: Hashable, Sendable {
        var name: String
        var value: String
    }

    private let families = Mutex<[String: Family]>([:])
    private let descriptions: [String: String]
    /// Maximum number of label sets per metric; further ones are not published.
    ///
    /// Without it, clients could grow the memory without bound.
    private let maximumSeries = 1000

    /// Makes an empty registry.
    ///
    /// - Parameter descriptions: Help texts by metric name.
    package init(descriptions: [String: String] = [:]) {
        self.descriptions = descriptions
    }

    /// Returns the counter with these labels, made on first use.
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, type: "counter") { CounterSeries() }
    }

    /// Returns the gauge, or with `aggregate` the histogram, with these labels, made on first use.
    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate { return series(label, dimensions, type: "histogram") { HistogramSeries() } }
        return series(label, dimensions, type: "gauge") { GaugeSeries() }
    }

    /// Returns the gauge with these labels, made on first use.
    ///
    /// If the name ends in `_total`, it is published as a counter that is counted elsewhere.
    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, type: label.hasSuffix("_total") ? "counter" : "gauge") { GaugeSeries() }
    }

    /// Returns the histogram of seconds with these labels, made on first use.
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, type: "histogram") { HistogramSeries() }
    }

    /// Does nothing: series live as long as the registry.
    package func destroyCounter(_ handler: any CounterHandler) {}
    /// Does nothing: series live as long as the registry.
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Does nothing: series live as long as the registry.
    package func destroyMeter(_ handler: any MeterHandler) {}
    /// Does nothing: series live as long as the registry.
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// Removes all series of metrics, before those that still exist are set.
    package func removeSeries(of names: [String]) {
        families.withLock { families in
            for name in names { families[name]?.series = [:] }
        }
    }

    /// All metrics in Prometheus' text format.
    package func exposition() -> String {
        let families = families.withLock { $0 }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.type)\n"
            let rows = family.series.map { (labels: $0.key, series: $0.value) }
                .sorted { $0.labels.lexicographicallyPrecedes($1.labels) { $0.value < $1.value } }
            for row in rows { row.series.write(name: name, labels: row.labels, to: &text) }
        }
        return text
    }

    private func series<S: Series>(
        _ name: String,
        _ dimensions: [(String, String)],
        type: String,
        make: () -> S
    ) -> S {
        let labels = dimensions.map { Label(name: $0.0, value: $0.1) }
        return families.withLock { families in
            var family = families[name] ?? Family(type: type, help: descriptions[name] ?? name)
            if let existing = family.series[labels] as? S { return existing }
            let created = make()
            if family.series.count < maximumSeries { family.series[labels] = created }
            families[name] = family
            return created
        }
    }
}
