package import DetectionPipeline
internal import HTTPTypes
package import Hummingbird
internal import HummingbirdCore
package import Logging
package import ModelServing
internal import NIOCore
package import Notifications
internal import PictureFetching
package import Streams

/// The service: its calls and limits, which are the same on all ports.
package struct DetectionServer: Sendable {
    private let settings: ServiceSettings
    private let budget: ByteBudget
    /// The models as the Open Inference Protocol knows them, to serve it over gRPC too.
    package let inference: InferenceModels
    /// The streams, run by the caller.
    package let streams: StreamHub
    /// Sends events, run by the caller.
    package let subscriptions: SubscriptionHub
    private let router: RouterResponder<ServiceContext>
    private let logger: Logger

    /// Puts the service together.
    ///
    /// - Parameters:
    ///   - settings: Limits and timeouts.
    ///   - pictures: Pictures by id.
    ///   - models: Models by name.
    ///   - pipeline: Detects objects; its queue admits all work on pictures.
    ///   - storeMonitor: Polls the store, run by the caller; nil for a store that is always available.
    ///   - readiness: Reports whether requests should be sent here.
    ///   - logger: Receives the log.
    /// - Throws: An error if the OpenAPI document cannot be encoded.
    package init(
        settings: ServiceSettings,
        pictures: PictureLibrary,
        models: ModelRegistry,
        pipeline: DetectionPipeline,
        storeMonitor: StoreMonitor? = nil,
        readiness: Readiness = Readiness(),
        logger: Logger
    ) throws {
        let metrics = PrometheusRegistry(descriptions: ServiceMetrics.descriptions)
        budget = ByteBudget(total: settings.maximumBodyBytesInFlight, maximumBodyBytes: settings.maximumBodyBytes)
        let bodies = RequestBodies(budget: budget, pipeline: pipeline)
        let zones = KeptZones(store: pictures.store, workers: pipeline.workers)
        let detection = DetectionResponder(
            models: models,
            pipeline: pipeline,
            metrics: metrics,
            budget: budget,
            zones: zones
        )
        var limits = StreamHub.Limits()
        limits.streams = settings.maximumStreams
        limits.pixels = settings.maximumPixels
        streams = StreamHub(
            store: pictures.store,
            history: EventHistory(directory: settings.eventsDirectory, quotaBytes: settings.eventsQuotaBytes),
            models: models,
            pipeline: pipeline,
            limits: limits,
            resolve: { try await zones.resolve($0) },
            logger: logger
        )
        subscriptions = SubscriptionHub(
            store: pictures.store,
            streams: streams,
            workers: pipeline.workers,
            directory: settings.eventsDirectory,
            authorities: settings.notificationAuthorities,
            logger: logger
        )
        let responder = PictureResponder(pipeline: pipeline, budget: budget)
        let workers = pipeline.workers
        let endpoints: [any Endpoint] = [
            GetImage(pictures: pictures, workers: workers, responder: responder),
            ProcessImage(pictures: pictures, pipeline: pipeline, bodies: bodies, responder: responder),
            Predict(pictures: pictures, bodies: bodies, detection: detection),
            Detect(bodies: bodies, detection: detection),
            UploadImage(pictures: pictures, pipeline: pipeline, bodies: bodies),
            ListImages(pictures: pictures, workers: workers),
            DeleteImage(pictures: pictures, workers: workers),
            ListZones(zones: zones),
            GetZones(zones: zones),
            PutZones(zones: zones, bodies: bodies),
            DeleteZones(zones: zones),
            ListStreams(hub: streams),
            GetStream(hub: streams),
            PutStream(hub: streams, models: models, zones: zones, bodies: bodies),
            DeleteStream(hub: streams),
            GetStreamSnapshot(hub: streams, pipeline: pipeline),
            GetStreamLive(hub: streams, pipeline: pipeline),
            GetStreamEvents(hub: streams, pipeline: pipeline),
            GetEvents(hub: streams, pipeline: pipeline),
            GetEventSnapshot(hub: streams, pipeline: pipeline),
            ListSubscriptions(hub: subscriptions),
            GetSubscription(hub: subscriptions),
            PutSubscription(hub: subscriptions, bodies: bodies),
            DeleteSubscription(hub: subscriptions),
            ListModels(models: models),
            ReloadModels(models: models),
            Healthz(),
            Readyz(readiness: readiness, storeMonitor: storeMonitor),
            Metrics(
                registry: metrics,
                pipeline: pipeline,
                models: models,
                storeMonitor: storeMonitor,
                streams: streams,
                subscriptions: subscriptions
            ),
        ]
        let refusals = RefusalLog(logger: logger)
        let service = DialectService(
            bodies: bodies,
            detection: detection,
            authentication: Authentication(hashes: settings.apiKeyHashes),
            readiness: readiness,
            fetcher: settings.fetchHosts.isEmpty
                ? nil
                : PictureFetcher(allowedHosts: settings.fetchHosts, maximumBytes: settings.maximumBodyBytes),
            refusals: refusals,
            version: settings.version
        )
        inference = InferenceModels(service: service)
        let allDialects: [any Dialect] = [
            DeepStack(service: service), Roboflow(service: service), OpenInference(models: inference),
            Ultralytics(service: service), HuggingFace(service: service),
        ]
        let dialects = allDialects.filter { settings.dialects.contains(type(of: $0).name) }
        let documentation = try OpenAPI(
            describing: (endpoints + dialects.flatMap(\.endpoints)).map(\.operation),
            version: settings.version,
            requiresKey: service.authentication.isRequired
        )
        let pages = Page.all(webPage: WebPage(directory: settings.webPageDirectory))

        let router = Router(context: ServiceContext.self)
        router.add(
            middleware: EnvelopeMiddleware(
                requestTimeout: settings.requestTimeout,
                metrics: metrics,
                readiness: readiness,
                origins: CrossOriginPolicy(allowedHosts: settings.allowedHosts, origins: settings.corsOrigins),
                refusals: refusals,
                dialectNames: Dictionary(
                    dialects.flatMap { dialect in dialect.endpoints.map { ($0.operation.path, type(of: dialect).name) }
                    }
                ) { first, _ in first },
                dialects: dialects.map { type(of: $0) }
            )
        )
        if let directory = settings.apiPagesDirectory {
            router.add(middleware: FileMiddleware(directory, urlBasePath: "/api-pages", logger: logger))
        }
        router.add(endpoints + [documentation] + pages, of: dialects, authentication: service.authentication)
        self.router = router.buildResponder()
        self.settings = settings
        self.logger = logger
    }

    /// Returns the service on an address, as a Hummingbird application: a `Service` to run in a `ServiceGroup`.
    ///
    /// - Parameters:
    ///   - address: Address to listen on.
    ///   - onReady: Called with the port once the service listens.
    /// - Returns: The application.
    package func application(
        at address: BindAddress,
        onReady: @escaping @Sendable (Int) -> Void = { _ in }
    ) -> some ApplicationProtocol {
        Application(
            responder: router,
            server: httpServer(settings, budget: budget),
            configuration: ApplicationConfiguration(
                address: address,
                serverName: "osprey",
                backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(settings.maximumConnections)
            ),
            onServerRunning: { channel in onReady(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }
}

private func httpServer(_ settings: ServiceSettings, budget: ByteBudget) -> HTTPServerBuilder {
    let clientTimeout = TimeAmount(settings.idleTimeout)
    let maximumBodyBytes = settings.maximumBodyBytes
    let pauses = RefusalPauses()
    return HTTPServerBuilder { responder in
        let configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionHandler(clientTimeout: clientTimeout, maximumBodyBytes: maximumBodyBytes, pauses: pauses)
            ]
        )
        return EventLoopHTTP1Channel(base: HTTP1Channel(responder: responder, configuration: configuration))
    }
}

extension Router where Context == ServiceContext {
    /// Adds a route for each endpoint of the service and its dialects.
    fileprivate func add(_ endpoints: [any Endpoint], of dialects: [any Dialect], authentication: Authentication) {
        add(middleware: MethodMiddleware(operations: (endpoints + dialects.flatMap(\.endpoints)).map(\.operation)))
        for endpoint in endpoints {
            add(endpoint) { call in
                if !call.operation.isOpen { try authentication.check(call.request) }
                return try await call.context.withinLifetime { try await endpoint.respond(to: call) }
            }
        }
        for dialect in dialects {
            for endpoint in dialect.endpoints {
                // Keys may be in the body, so endpoints check them.
                add(endpoint) { call in
                    try await call.context.withinLifetime { try await endpoint.respond(to: call) }
                }
            }
        }
    }

    private func add(
        _ endpoint: any Endpoint,
        respond: @escaping @Sendable (Call) async throws -> Response
    ) {
        let operation = endpoint.operation
        let handle: @Sendable (Request, ServiceContext) async throws -> Response = { request, context in
            do {
                return try await respond(Call(operation, request: request, context: context))
            } catch {
                guard let dialect = operation.dialect, !(error is ClientLeft) else { throw error }
                throw Problem(error, in: dialect)
            }
        }
        on(RouterPath(operation.path), method: operation.method, use: handle)
        if operation.method == .get {
            on(RouterPath(operation.path), method: .head, use: handle)
        }
    }
}
