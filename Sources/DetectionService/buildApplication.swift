internal import HTTPTypes
public import Hummingbird
internal import HummingbirdCore
public import Logging
internal import NIOCore

/// Builds the service as a Hummingbird application.
///
/// - Parameters:
///   - components: What it is made of.
///   - address: Where it listens.
///   - logger: Where it logs.
///   - onReady: Called once it listens, with the port.
/// - Returns: The application, a `Service` to be run in a `ServiceGroup`.
/// - Throws: An error when the API's document cannot be written.
public func buildApplication(
    components: ServiceComponents,
    address: BindAddress,
    logger: Logger,
    onReady: @escaping @Sendable (Int) -> Void = { _ in }
) throws -> some ApplicationProtocol {
    let settings = components.settings
    let monitor = components.connections
    let clientTimeout = TimeAmount(settings.idleTimeout)
    return Application(
        router: try buildRouter(components, logger: logger),
        server: HTTPServerBuilder { responder in
            let configuration = HTTP1Channel.Configuration(
                additionalChannelHandlers: [
                    ConnectionHandler(
                        monitor: monitor,
                        clientTimeout: clientTimeout,
                        maximumBodyBytes: settings.maximumBodyBytes
                    )
                ]
            )
            return EventLoopHTTP1Channel(base: HTTP1Channel(responder: responder, configuration: configuration))
        },
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

/// Turns the operations into routes.
func buildRouter(_ components: ServiceComponents, logger: Logger) throws -> Router<ServiceContext> {
    let router = Router(context: ServiceContext.self)
    router.add(middleware: EnvelopeMiddleware(components: components))
    if let directory = components.settings.apiPagesDirectory {
        router.add(middleware: FileMiddleware(directory, urlBasePath: "/api-pages", logger: logger))
    }
    let authentication = Authentication(hashes: components.settings.apiKeyHashes)
    let operations = components.operations + (try components.documentation(of: components.operations))
    router.add(middleware: MethodMiddleware(operations: operations))
    for operation in operations {
        let handle: @Sendable (Request, ServiceContext) async throws -> Response = { request, context in
            if !operation.isOpen { try authentication.check(request) }
            let call = try Call(operation, request: request, context: context)
            return try await components.withinLifetime(of: call) { try await operation.handle(call) }
        }
        router.on(RouterPath(operation.path), method: operation.method, use: handle)
        if operation.method == .get {
            router.on(RouterPath(operation.path), method: .head, use: handle)
        }
    }
    return router
}

extension ServiceComponents {
    /// What the service does, but for its documentation.
    var operations: [Operation] {
        [
            getImage, processImage, predict, detect, uploadImage, listImages, deleteImage, listModels, reloadModels,
            healthz, readyz, metricsPage,
        ]
    }
}
