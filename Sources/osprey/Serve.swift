internal import ArgumentParser
internal import DetectionService
internal import Dispatch
internal import Glibc
internal import Hummingbird
internal import Logging
internal import ModelServing
internal import NIOCore
internal import ServiceLifecycle
internal import Storage
internal import Streams
internal import UnixSignals

#if GRPC
    internal import InferenceGRPC
#endif

/// `osprey serve`: runs the service.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves detections over HTTP.",
        discussion: """
            Each option can also be set in the environment (OSPREY_PORT=8080) or in a YAML file named by --config \
            (port: 8080). The command line takes precedence over the environment, and the environment over the file.

            Examples:
              osprey serve
              osprey serve --model yolov5n --port 8080
              OSPREY_PRECISION=f32 osprey serve --streams 4
            """
    )

    @OptionGroup var options: ServeOptions

    /// A start that takes longer is logged while it goes on.
    private static let quietSeconds = 3.0

    func run() async throws {
        let configuration = try ServeConfiguration(options: options)
        let output = LogOutput()
        let logger = configuration.log.makeLogger(output)
        FileLimit.raise()
        let addresses = configuration.ports.map { port, number in
            (port: port, address: ListeningAddress(host: configuration.host, port: number))
        }
        for (_, address) in addresses { try address.check() }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.quietSeconds) { output.release() }
        let assets = try await findAssets(configuration, logger: logger)
        let parts = try await loadParts(configuration, assets, logger: logger)
        let readiness = Readiness()
        var service = configuration.service
        let connections = FileLimit.remainingConnections / addresses.count
        if service.maximumConnections > connections {
            logger.warning(
                "Fewer connections are accepted than max-connections: raise the limit on open files (ulimit -n)",
                metadata: ["connections": "\(connections)"]
            )
            service.maximumConnections = connections
        }
        let server = try DetectionServer(
            settings: service,
            pictures: parts.pictures,
            models: parts.models,
            pipeline: parts.pipeline,
            storeMonitor: parts.storeMonitor,
            readiness: readiness,
            logger: logger
        )
        let greeting = Greeting(
            host: configuration.host,
            parts: parts,
            expected: Set(addresses.map(\.port)),
            output: output
        )
        let applications = addresses.map { port, address in
            let onReady: @Sendable (Int) -> Void = { greeting.add($0, for: port) }
            #if GRPC
                if port == .grpc {
                    let grpc = InferenceGRPCServer(
                        models: server.inference,
                        settings: service,
                        host: address.host,
                        port: address.port,
                        logger: logger,
                        onReady: onReady
                    )
                    return ListeningService(address: address, service: grpc)
                }
            #endif
            let http = server.application(at: .hostname(address.host, port: address.port), onReady: onReady)
            return ListeningService(address: address, service: http)
        }
        // The group stops its services from the last to the first.
        let drain = DrainService(
            readiness: readiness,
            delay: configuration.drainDelay,
            endEndless: { [streams = server.streams] in streams.endFeeds() }
        )
        // At debug level it would log each service with all its contents.
        var lifecycleLogger = logger
        lifecycleLogger.logLevel = max(logger.logLevel, .info)
        var group = ServiceGroupConfiguration(
            services: parts.watchers + [server.subscriptions, server.streams] + (applications as [any Service]) + [
                drain
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: lifecycleLogger
        )
        group.maximumGracefulShutdownDuration = configuration.drainDelay + configuration.shutdownTimeout
        try await ServiceGroup(configuration: group).run()
    }
}

/// Says which address could not be listened on, if it was taken while the models were loaded.
private struct ListeningService: Service {
    let address: ListeningAddress
    let service: any Service

    func run() async throws {
        do {
            try await service.run()
        } catch let error as IOError {
            throw address.failure(error.errnoCode)
        }
    }
}

/// Reports that the service is no longer ready, and gives load balancers time to notice before it stops.
private struct DrainService: Service {
    let readiness: Readiness
    let delay: Duration
    /// Ends the responses that have no end of their own.
    let endEndless: @Sendable () -> Void

    func run() async throws {
        try await gracefulShutdown()
        readiness.beginDraining()
        try? await Task.sleep(for: delay)
        endEndless()
    }
}
