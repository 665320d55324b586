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
internal import UnixSignals

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
        let address = ListeningAddress(host: configuration.host, port: configuration.port)
        try address.check()
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.quietSeconds) { output.release() }
        let parts = try await loadParts(configuration, logger: logger)
        let readiness = Readiness()
        var service = configuration.service
        let connections = FileLimit.remainingConnections
        if service.maximumConnections > connections {
            logger.warning(
                "Fewer connections are accepted than max-connections: raise the limit on open files (ulimit -n)",
                metadata: ["connections": "\(connections)"]
            )
            service.maximumConnections = connections
        }
        let application = try buildApplication(
            settings: service,
            pictures: parts.pictures,
            models: parts.models,
            pipeline: parts.pipeline,
            storeMonitor: parts.storeMonitor,
            readiness: readiness,
            address: .hostname(configuration.host, port: configuration.port),
            logger: logger
        ) { port in
            output.release()
            // Printed for the user rather than logged, and flushed so that it also appears in a pipe.
            print(Self.greeting(host: configuration.host, port: port, parts: parts))
            fflush(nil)
        }
        // The group stops its services from the last to the first.
        let drain = DrainService(readiness: readiness, delay: configuration.drainDelay)
        // At debug level it would log each service with all its contents.
        var lifecycleLogger = logger
        lifecycleLogger.logLevel = max(logger.logLevel, .info)
        var group = ServiceGroupConfiguration(
            services: parts.watchers + [application, drain],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: lifecycleLogger
        )
        group.maximumGracefulShutdownDuration = configuration.drainDelay + configuration.shutdownTimeout
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as IOError {
            throw address.failure(error.errnoCode)
        }
    }

    private static func greeting(host: String, port: Int, parts: Parts) -> String {
        let isAnyAddress = host == "0.0.0.0" || host == "::"
        let name = isAnyAddress ? "localhost" : host.contains(":") ? "[\(host)]" : host
        let address = "http://\(name):\(port)"
        let pictures = parts.pictures.dataset.map { "\($0.ids.count) pictures of \($0.name)" } ?? "no dataset"
        let others = parts.models.models.count - 1
        let models = parts.models.defaultName + (others > 0 ? " and \(others) more" : "")
        return """
            Osprey \(Osprey.version) serves \(models) on \(pictures).
              service   \(address)
              API       \(address)/docs
              metrics   \(address)/metrics
            """
    }
}

/// Reports that the service is no longer ready, and gives load balancers time to notice before it stops.
private struct DrainService: Service {
    let readiness: Readiness
    let delay: Duration

    func run() async throws {
        try await gracefulShutdown()
        readiness.beginDraining()
        try? await Task.sleep(for: delay)
    }
}
