package import DetectionService
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import InferenceMessages
package import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import Synchronization

/// The Open Inference Protocol over gRPC, on a port of its own.
package struct InferenceGRPCServer: Service {
    /// Calls that a connection may make at the same time.
    private static let maximumCallsPerConnection = 100
    /// Bytes of a message besides its tensors.
    private static let maximumOverhead = 64 << 10

    private let server: GRPCServer<HTTP2ServerTransport.Posix>
    private let transport: HTTP2ServerTransport.Posix
    private let onReady: @Sendable (Int) -> Void

    /// Prepares the server.
    ///
    /// - Parameters:
    ///   - models: The models.
    ///   - settings: Limits and timeouts.
    ///   - host: Address to listen on.
    ///   - port: Port to listen on; 0 for a free one.
    ///   - logger: Receives the log.
    ///   - onReady: Called with the port once the server listens.
    package init(
        models: InferenceModels,
        settings: ServiceSettings,
        host: String,
        port: Int,
        logger: Logger,
        onReady: @escaping @Sendable (Int) -> Void
    ) {
        transport = HTTP2ServerTransport.Posix(
            address: host.contains(":") ? .ipv6(host: host, port: port) : .ipv4(host: host, port: port),
            transportSecurity: .plaintext,
            config: Self.configuration(settings, models)
        )
        let inference = InferenceRPC(models: models, lifetime: RPCLifetime(timeout: settings.requestTimeout))
        server = GRPCServer(
            transport: transport,
            services: [
                inference, BoundedInferenceRPC(rpc: inference),
                HealthRPC(models: models), ReflectionRPC(models: models),
            ],
            interceptors: [
                RPCEnvelope(models: models, logger: logger)
            ]
        )
        self.onReady = onReady
    }

    private static func configuration(
        _ settings: ServiceSettings,
        _ models: InferenceModels
    ) -> HTTP2ServerTransport.Posix.Config {
        var config = HTTP2ServerTransport.Posix.Config.defaults
        let maximumBytes = settings.maximumBodyBytes + maximumOverhead
        config.rpc.maxRequestPayloadSize = maximumBytes
        config.http2.maxConcurrentStreams = maximumCallsPerConnection
        // A window is enlarged once half of it is used. If that is after the end of a request, HTTP/2's state machine
        // reports an error that closes the connection; so half a window has to hold a message. What arrives counts
        // against the budget.
        config.http2.targetWindowSize = min(2 * maximumBytes, Int(Int32.max))
        config.http2.maxFrameSize = 1 << 18
        // `MessageDecompression` does it.
        config.compression.enabledAlgorithms = .none
        config.connection.maxIdleTime = settings.idleTimeout
        config.connection.keepalive.time = settings.idleTimeout
        // gRPC's C library measures the bandwidth by pings, many of them while a tensor is on its way.
        config.connection.keepalive.clientBehavior = .init(
            minPingIntervalWithoutCalls: .zero,
            allowWithoutCalls: true
        )
        let limits = InferenceMessageBudget.Limits(
            tensorBytes: maximumBytes,
            arrival: TimeAmount(settings.requestTimeout),
            reading: TimeAmount(settings.idleTimeout)
        )
        config.channelDebuggingCallbacks.onAcceptHTTP2Stream = { channel in
            channel.eventLoop.makeCompletedFuture {
                let messages = InferenceMessageBudget(budget: models.budget, limits: limits)
                let decompression = MessageDecompression(messages: messages) { coding, bytes, limit in
                    try await models.decompress(bytes, coding, limit: limit)
                }
                try channel.pipeline.syncOperations.addHandlers([messages, decompression], position: .first)
            }
        }
        let count = ConnectionCount(maximum: settings.maximumConnections)
        config.channelDebuggingCallbacks.onAcceptTCPConnection = { channel in
            if count.add() {
                channel.closeFuture.whenComplete { _ in count.remove() }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            return channel.close()
        }
        return config
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.serve() }
                group.addTask {
                    let address = try await transport.listeningAddress
                    onReady(address.ipv4?.port ?? address.ipv6?.port ?? 0)
                }
                try await group.waitForAll()
            }
        } onGracefulShutdown: {
            server.beginGracefulShutdown()
        }
    }
}

/// The number of open connections.
private final class ConnectionCount: Sendable {
    private let maximum: Int
    private let count = Mutex(0)

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Adds a connection; returns false if there are too many.
    func add() -> Bool {
        count.withLock { count in
            guard count < maximum else { return false }
            count += 1
            return true
        }
    }

    func remove() { count.withLock { $0 -= 1 } }
}
