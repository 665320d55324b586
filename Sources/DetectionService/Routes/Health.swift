internal import CoreMetrics
internal import HTTPTypes
internal import Hummingbird
internal import Inference
internal import NIOCore
internal import YOLO

extension ServiceComponents {
    var healthz: Operation {
        Operation(
            id: "healthz",
            method: .get,
            path: "/healthz",
            tag: .service,
            summary: "Tells whether the process lives.",
            answers: [Operation.Answer(summary: "It does.", contents: [Self.statusJSON])],
            isOpen: true
        ) { _ in
            try .json(["status": "ok"])
        }
    }

    var readyz: Operation {
        Operation(
            id: "readyz",
            method: .get,
            path: "/readyz",
            tag: .service,
            summary: "Tells whether requests should be sent here.",
            details: """
                It stays 200 where the store of several replicas is away, and says so: no other replica would do better, \
                and `/detect` needs no store.
                """,
            answers: [Operation.Answer(summary: "They should.", contents: [Self.readinessJSON])],
            problems: [.notReady],
            isOpen: true
        ) { _ in
            guard readiness.isReady else {
                throw Problem(.notReady, "The service is shutting down.", headers: [.retryAfter: "5"])
            }
            let isWhole = storeMonitor?.isAvailable ?? true
            return try .json(isWhole ? ["status": "ok"] : ["status": "degraded", "store": "unavailable"])
        }
    }

    var metricsPage: Operation {
        Operation(
            id: "metrics",
            method: .get,
            path: "/metrics",
            tag: .service,
            summary: "Tells what the service measures, in Prometheus' text format.",
            answers: [
                Operation.Answer(summary: "The metrics.", contents: [Operation.Content(mediaType: "text/plain")])
            ]
        ) { _ in
            updateGauges()
            return Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.exposition()))
            )
        }
    }

    /// Gauges that are read, not counted, are brought up to date when somebody asks.
    private func updateGauges() {
        let usage = ProcessUsage.current()
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
        for (name, value) in values { metrics.makeMeter(label: name, dimensions: []).set(value) }
        for model in models.models {
            let labels = [("model", model.name), ("task", model.task.rawValue), ("precision", model.precision)]
            metrics.makeMeter(label: ServiceMetrics.modelInfo, dimensions: labels).set(1.0)
            metrics.makeMeter(label: ServiceMetrics.modelStreams, dimensions: [("model", model.name)])
                .set(Double(model.streams))
        }
    }

    private static let readinessJSON = Operation.Content.json(
        .object([
            Field(name: "status", schema: .oneOf(["ok", "degraded"]), isRequired: true),
            Field(name: "store", schema: .oneOf(["unavailable"]).described("There where the store cannot be used.")),
        ]),
        example: ["status": "ok"]
    )

    private static let statusJSON = Operation.Content.json(
        .object([Field(name: "status", schema: .oneOf(["ok"]), isRequired: true)]),
        example: ["status": "ok"]
    )
}
