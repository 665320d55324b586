internal import CoreMetrics
internal import DetectionPipeline
internal import HTTPTypes
internal import ModelServing
internal import Scheduling
internal import YOLO

// What the protocol needs of the service besides its models, when it does not come over HTTP.
extension InferenceModels {
    /// Whether requests should be sent here.
    package var isReady: Bool { service.readiness.isReady }

    /// Version of the service.
    package var serviceVersion: String { service.version }

    /// Bounds the bytes of messages.
    package var budget: ByteBudget { service.bodies.budget }

    /// Decompresses a message on a worker thread.
    ///
    /// - Throws: ``Problem`` if it is damaged, or larger than `limit`; `ByteBudget.Exceeded`.
    package func decompress(_ bytes: [UInt8], _ coding: ContentCoding, limit: Int) async throws -> DecodedBody {
        try await service.bodies.workers.run { try DecodedBody(bytes, coding, limit: limit, budget: budget) }
    }

    /// Checks a key, or else that of `Bearer KEY`.
    ///
    /// - Throws: ``Problem`` if the service has keys, and it is none of them.
    package func check(authorization: String?, key: String?) throws {
        try service.authentication.check(authorization: authorization, keys: [key])
    }

    /// Checks that the queue has room for a request, before its tensors are copied.
    ///
    /// - Throws: `SchedulingError`.
    package func checkRoom(for reference: Reference, deadline: ContinuousClock.Instant) throws {
        try service.detection.pipeline.queue.checkRoom(flow: reference.detector.model.name, deadline: deadline)
    }

    /// Counts a request that was refused because the service is busy, in place of a line in the log.
    package func logRefusal() { service.refusals.add() }

    /// Counts a request.
    ///
    /// - Parameters:
    ///   - route: Its address.
    ///   - method: How it came, such as `gRPC`.
    ///   - status: Its result.
    ///   - duration: The time that it took.
    package func count(route: String, method: String, status: String, duration: Duration) {
        let metrics = service.detection.metrics
        let labels = [("route", route), ("method", method), ("dialect", OpenInference.name)]
        metrics.makeCounter(label: ServiceMetrics.requests, dimensions: labels + [("status", status)]).increment(by: 1)
        metrics.makeTimer(label: ServiceMetrics.requestSeconds, dimensions: labels)
            .recordNanoseconds(duration.nanoseconds)
    }
}
