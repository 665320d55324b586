internal import DetectionPipeline
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import Logging
internal import Metrics

/// Adds an id, a deadline, timings, metrics and a log line to every request, and turns errors into responses.
struct EnvelopeMiddleware: RouterMiddleware {
    /// Maximum time from a request's head to its deadline.
    let requestTimeout: Duration
    let metrics: PrometheusRegistry
    let readiness: Readiness
    let origins: CrossOriginPolicy
    let refusals: RefusalLog
    /// Names of dialects by route.
    let dialectNames: [String: String]
    let dialects: [any Dialect.Type]

    func handle(
        _ request: Request,
        context: ServiceContext,
        next: (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = Self.requestID(of: request)
        // Replaces Hummingbird's id, which clients do not know.
        context.logger[metadataKey: "hb.request.id"] = nil
        context.logger[metadataKey: "request_id"] = .string(context.requestID)
        if let parent = TraceParent(request.headers[.traceParent]) {
            context.logger[metadataKey: "trace_id"] = .string(parent.traceID)
        }
        let inFlight = metrics.makeMeter(label: ServiceMetrics.inFlight, dimensions: [])
        inFlight.increment(by: 1)
        defer { inFlight.decrement(by: 1) }

        var response: Response
        var isRefusal = false
        do {
            try origins.check(request)
            context.deadline = try deadline(of: request, from: context.start)
            if let answer = try origins.preflightAnswer(to: request) {
                response = answer
            } else {
                response = try await next(request, context)
            }
        } catch is ClientLeft {
            response = Response(status: .clientClosedRequest)
        } catch {
            var problem = Problem(error)
            if problem.dialect == nil, [.notFound, .methodNotAllowed].contains(problem.kind) {
                problem.dialect = dialects.first { $0.prefix.map(request.uri.path.hasPrefix) ?? false }
            }
            if problem.kind == .internalError {
                context.logger.error("The request failed.", metadata: ["error": "\(problem.cause ?? error)"])
            }
            isRefusal = problem.kind == .busy
            response = problem.response(requestID: context.requestID)
        }
        let total = ContinuousClock.now - context.start
        response.headers[.requestID] = context.requestID
        response.headers[.serverTiming] = context.stages.serverTiming(total: total)
        response.headers[.xContentTypeOptions] = "nosniff"
        origins.addHeaders(to: &response.headers, for: request)
        // Otherwise a proxy would keep the connection and send its next request to a process that is about to stop.
        if !readiness.isReady { response.headers[.connection] = "close" }
        if request.method == .head { response = response.createHeadResponse() }
        measure(response, request: request, context: context, total: total)
        if isRefusal {
            refusals.add()
        } else {
            log(response, request: request, context: context, total: total)
        }
        return response
    }

    /// Returns the client's id, so that its log matches the service's; a new id if it is missing or invalid.
    private static func requestID(of request: Request) -> String {
        if let given = request.headers[.requestID], (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy({ isAllowed($0) })
        {
            return given
        }
        return makeRequestID()
    }

    static func makeRequestID() -> String { UUID().uuidString.lowercased() }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// Returns the deadline, which `X-Request-Timeout` in seconds can only shorten.
    private func deadline(of request: Request, from start: ContinuousClock.Instant) throws -> ContinuousClock.Instant {
        guard let text = request.headers[.requestTimeout] else { return start.advanced(by: requestTimeout) }
        guard let seconds = Double(text), seconds > 0, seconds.isFinite else {
            throw ValidationErrors(
                at: ["header", "X-Request-Timeout"],
                "must be a number of seconds greater than 0",
                type: "out_of_range"
            )
        }
        return start.advanced(by: min(requestTimeout, .seconds(min(seconds, 86_400))))
    }

    private func measure(_ response: Response, request: Request, context: ServiceContext, total: Duration) {
        var labels = [("route", context.route), ("method", Self.label(of: request.method))]
        if let dialect = dialectNames[context.route] { labels.append(("dialect", dialect)) }
        let status = String(response.status.code)
        metrics.makeCounter(label: ServiceMetrics.requests, dimensions: labels + [("status", status)]).increment(by: 1)
        metrics.makeTimer(label: ServiceMetrics.requestSeconds, dimensions: labels)
            .recordNanoseconds(total.nanoseconds)
        for (stage, duration) in context.stages.recorded {
            metrics.makeTimer(label: ServiceMetrics.stageSeconds, dimensions: [("stage", stage.rawValue)])
                .recordNanoseconds(duration.nanoseconds)
        }
    }

    private func log(_ response: Response, request: Request, context: ServiceContext, total: Duration) {
        context.logger.info(
            "\(Self.label(of: request.method)) \(request.uri.path) \(response.status.code)",
            metadata: ["milliseconds": "\((total / .milliseconds(1) * 100).rounded() / 100)"]
        )
    }

    /// Clients can invent methods, but the number of labels must stay bounded.
    private static func label(of method: HTTPRequest.Method) -> String {
        [.get, .head, .post, .put, .delete, .patch, .options].contains(method) ? method.rawValue : "other"
    }
}

extension Duration {
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}

extension HTTPField.Name {
    /// Tells proxies not to wait for the end of a response; `no` for one that has none.
    static let xAccelBuffering = Self.named("X-Accel-Buffering")
    static let pictureTime = Self.named("Osprey-Time")
    static let lastEventID = Self.named("Last-Event-ID")
    static let requestID = Self.named("X-Request-ID")
    static let traceParent = Self.named("traceparent")
    static let requestTimeout = Self.named("X-Request-Timeout")
    static let serverTiming = Self.named("Server-Timing")
    static let apiKey = Self.named("X-API-Key")
    static let referrerPolicy = Self.named("Referrer-Policy")

    static func named(_ name: String) -> Self {
        guard let name = Self(name) else { preconditionFailure("\(name) is a header field's name") }
        return name
    }
}
