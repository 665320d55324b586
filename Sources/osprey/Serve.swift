internal import ArgumentParser
internal import DetectionService
internal import Glibc
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import Storage
internal import UnixSignals

/// `osprey serve`: the service.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves detections over HTTP.",
        discussion: """
            Each option can also be set in the environment (OSPREY_PORT=8080) and in a YAML file named by --config \
            (port: 8080); an option given here counts first, then the environment, then the file.

            Examples:
              osprey serve
              osprey serve --model yolov5n --port 8080
              OSPREY_PRECISION=f32 osprey serve --streams 4
            """
    )

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let configuration = try ServeConfiguration(options: options)
        let logger = configuration.log.makeLogger()
        let (components, services) = try await startComponents(configuration, logger: logger)
        let application = try buildApplication(
            components: components,
            address: .hostname(configuration.host, port: configuration.port),
            logger: logger
        ) { port in
            // Whoever started it reads this, so it is no log line; and reads it now, even through a pipe.
            print(Self.greeting(host: configuration.host, port: port, components: components))
            fflush(nil)
        }
        // The group stops its services from the last to the first.
        let drain = DrainService(readiness: components.readiness, delay: configuration.drainDelay)
        // At debug it would write each service down, with all that is in it.
        var lifecycleLogger = logger
        lifecycleLogger.logLevel = max(logger.logLevel, .info)
        var group = ServiceGroupConfiguration(
            services: services + [application, drain],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: lifecycleLogger
        )
        group.maximumGracefulShutdownDuration = configuration.drainDelay + configuration.shutdownTimeout
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as IOError {
            throw CommandError(
                "Cannot listen on \(configuration.host):\(configuration.port): \(String(cString: strerror(error.errnoCode)))."
                    + " Stop what listens there, or choose another --host or --port."
            )
        }
    }

    private static func greeting(host: String, port: Int, components: ServiceComponents) -> String {
        let isAnyAddress = host == "0.0.0.0" || host == "::"
        let name = isAnyAddress ? "localhost" : host.contains(":") ? "[\(host)]" : host
        let address = "http://\(name):\(port)"
        let pictures = components.pictures.dataset.map { "\($0.ids.count) pictures of \($0.name)" } ?? "no dataset"
        let others = components.models.models.count - 1
        let models = components.models.defaultName + (others > 0 ? " and \(others) more" : "")
        return """
            Osprey \(Osprey.version) serves \(models) on \(pictures).
              service   \(address)
              API       \(address)/docs
              metrics   \(address)/metrics
            """
    }
}

/// Says that the service is not ready any more and gives whoever asks the time to notice, before it stops.
private struct DrainService: Service {
    let readiness: Readiness
    let delay: Duration

    func run() async throws {
        try await gracefulShutdown()
        readiness.beginDraining()
        try? await Task.sleep(for: delay)
    }
}
