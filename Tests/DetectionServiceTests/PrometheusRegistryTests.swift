import CoreMetrics
import DetectionService
import Testing

@Suite struct PrometheusRegistryTests {
    // Prometheus' documentation, "Exposition formats": backslash, quote and line feed are escaped in label values.
    @Test("label values are escaped") func escaping() {
        let registry = PrometheusRegistry(descriptions: ["things_total": "Things."])
        registry.makeCounter(label: "things_total", dimensions: [("name", "a\\b\"c\nd")]).increment(by: 2)
        #expect(
            registry.exposition() == """
                # HELP things_total Things.
                # TYPE things_total counter
                things_total{name="a\\\\b\\"c\\nd"} 2

                """
        )
    }

    @Test("a histogram's buckets are cumulative") func histogram() {
        let registry = PrometheusRegistry()
        let timer = registry.makeTimer(label: "seconds", dimensions: [])
        for milliseconds in [1, 20, 20, 100_000] { timer.recordNanoseconds(Int64(milliseconds) * 1_000_000) }
        let lines = registry.exposition().split(separator: "\n")
        for line in [
            #"seconds_bucket{le="0.0005"} 0"#, #"seconds_bucket{le="0.001"} 1"#, #"seconds_bucket{le="0.025"} 3"#,
            #"seconds_bucket{le="30.0"} 3"#, #"seconds_bucket{le="+Inf"} 4"#, "seconds_count 4", "seconds_sum 100.041",
        ] {
            #expect(lines.contains { $0 == line }, "\(line)")
        }
    }

    @Test("the number of label sets is bounded") func bound() {
        let registry = PrometheusRegistry()
        for number in 0..<5000 {
            registry.makeCounter(label: "calls_total", dimensions: [("path", "\(number)")]).increment(by: 1)
        }
        #expect(registry.exposition().split(separator: "\n").count <= 1002)
    }
}
