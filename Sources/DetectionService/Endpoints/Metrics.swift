internal import CoreMetrics
internal import DecodeWorkers
internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import ModelServing
internal import NIOCore
internal import Notifications
internal import Scheduling
internal import Streams
internal import YOLO

/// `GET /metrics`: measurements for Prometheus.
struct Metrics: Endpoint {
    let registry: PrometheusRegistry
    let pipeline: DetectionPipeline
    let models: ModelRegistry
    let storeMonitor: StoreMonitor?
    let streams: StreamHub
    let subscriptions: SubscriptionHub

    let operation = Operation(
        id: "metrics",
        method: .get,
        path: "/metrics",
        tag: .service,
        summary: "Returns the service's metrics in Prometheus' text format.",
        answers: [Operation.Answer(summary: "The metrics.", contents: [Operation.Content(mediaType: "text/plain")])]
    )

    func respond(to call: Call) -> Response {
        updateGauges()
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: registry.exposition()))
        )
    }

    /// Updates gauges whose values are read on request rather than counted.
    private func updateGauges() {
        let usage = ProcessUsage.current()
        let queue = pipeline.queue
        let budget = CPUBudget.current()
        var values: [(String, Double)] = [
            (ServiceMetrics.queueDepth, Double(queue.depth)),
            (ServiceMetrics.queueRunning, Double(queue.running)),
            (ServiceMetrics.queueSlots, Double(queue.slots)),
            (ServiceMetrics.queueCapacity, Double(queue.capacity)),
            (ServiceMetrics.residentBytes, usage.residentBytes),
            (ServiceMetrics.cpuSeconds, usage.cpuSeconds),
            (ServiceMetrics.openFiles, usage.openFiles),
            (ServiceMetrics.cpuCores, Double(budget.cores)),
            (ServiceMetrics.cpuProcessors, Double(budget.affinity)),
            (ServiceMetrics.storeUp, storeMonitor?.isAvailable ?? true ? 1 : 0),
        ]
        if let quota = budget.quota { values.append((ServiceMetrics.cpuQuota, quota)) }
        for (name, value) in values { registry.makeMeter(label: name, dimensions: []).set(value) }
        // Counted by the pool.
        let failures = pipeline.decoder.workers?.failures ?? [:]
        for reason in DecodeWorkerPool.Failure.allCases {
            registry.makeMeter(label: ServiceMetrics.decoderFailures, dimensions: [("reason", reason.rawValue)])
                .set(Double(failures[reason] ?? 0))
        }
        updateStreams()
        updateSubscriptions()
        for model in models.models {
            let labels = [("model", model.name), ("task", model.task.rawValue), ("precision", model.precision)]
            registry.makeMeter(label: ServiceMetrics.modelInfo, dimensions: labels).set(1.0)
            registry.makeMeter(label: ServiceMetrics.modelStreams, dimensions: [("model", model.name)])
                .set(Double(model.streams))
        }
    }

    private func updateStreams() {
        registry.removeSeries(of: ServiceMetrics.ofStreams)
        // Those of other replicas are in their metrics.
        for stream in streams.streams where stream.feed != nil {
            let name = [("stream", stream.name)]
            let state = stream.state
            let counts = [
                ("inferred", state.inferred), ("gated", state.gated), ("dropped", state.dropped),
            ]
            for (outcome, count) in counts {
                registry.makeMeter(label: ServiceMetrics.streamFrames, dimensions: name + [("outcome", outcome)])
                    .set(Double(count))
            }
            let gauges = [
                (ServiceMetrics.streamUp, state.phase == .running ? 1 : 0),
                (ServiceMetrics.streamFramesIn, Double(state.frames)), (ServiceMetrics.streamLag, state.lag),
                (ServiceMetrics.streamFailures, Double(state.failures)),
                (ServiceMetrics.streamObjects, Double(state.presence.objects)),
                (ServiceMetrics.streamEvents, Double(state.events)),
            ]
            for (label, value) in gauges { registry.makeMeter(label: label, dimensions: name).set(value) }
        }
    }

    private func updateSubscriptions() {
        registry.removeSeries(of: ServiceMetrics.ofSubscriptions)
        for subscription in subscriptions.subscriptions {
            let name = [("subscription", subscription.name)]
            let state = subscription.state
            let counts = [("sent", state.sent), ("rejected", state.rejected), ("expired", state.expired)]
            for (outcome, count) in counts {
                registry.makeMeter(label: ServiceMetrics.subscriptionEvents, dimensions: name + [("outcome", outcome)])
                    .set(Double(count))
            }
            let gauges = [
                (ServiceMetrics.subscriptionUp, state.phase == .running ? 1 : 0),
                (ServiceMetrics.subscriptionFailures, Double(state.failures)),
                (ServiceMetrics.subscriptionGaps, Double(state.gaps)),
            ]
            for (label, value) in gauges { registry.makeMeter(label: label, dimensions: name).set(value) }
        }
    }
}
