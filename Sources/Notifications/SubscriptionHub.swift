package import Basics
package import Logging
package import Scheduling
internal import ServiceLifecycle
package import Storage
package import Streams

/// Sends events to the receivers that the store keeps.
package final class SubscriptionHub: Service {
    /// A subscription and its state.
    package struct Subscription: Sendable {
        package let name: String
        package let configuration: SubscriptionConfiguration
        package let state: SubscriptionState
    }

    private static let maximumCount = 16
    /// Time at the end of the service in which receivers get the events of its last moments.
    private static let farewell = Duration.seconds(3)

    private let runners: KeptRunners<SubscriptionRunner>

    /// - Parameters:
    ///   - store: Keeps the configurations.
    ///   - streams: The streams whose events are sent.
    ///   - workers: Threads for files.
    ///   - directory: Folder of the events.
    ///   - authorities: Path of a file with trusted certificates, besides the system's; nil for none.
    ///   - logger: Receives the log.
    package init(
        store: any ImageStore,
        streams: StreamHub,
        workers: WorkerPool,
        directory: String,
        authorities: String?,
        logger: Logger
    ) {
        let environment = SubscriptionRunner.Environment(
            hub: streams,
            workers: workers,
            // No stream has a name that begins with a dot.
            directory: "\(directory)/.subscriptions",
            authorities: authorities,
            logger: logger
        )
        runners = KeptRunners(
            kind: .subscriptions,
            store: store,
            workers: workers,
            maximumCount: Self.maximumCount,
            // Each replica sends the events of the streams that it watches.
            isExclusive: false,
            logger: logger
        ) { name, configuration, _ in SubscriptionRunner(name, configuration, environment) }
    }

    /// The subscriptions, by name.
    package var subscriptions: [Subscription] { runners.all.map(Self.subscription) }

    /// Returns a subscription; nil if there is none of that name.
    package func subscription(named name: DocumentName) -> Subscription? {
        runners.runner(named: name).map(Self.subscription)
    }

    private static func subscription(_ runner: SubscriptionRunner) -> Subscription {
        Subscription(name: runner.name, configuration: runner.configuration, state: runner.state)
    }

    /// Keeps a subscription, and starts it.
    ///
    /// - Returns: Whether it is new.
    /// - Throws: `StorageError`, with `full` if there are too many.
    package func put(_ configuration: SubscriptionConfiguration, named name: DocumentName) async throws -> Bool {
        try await runners.put(configuration, named: name)
    }

    /// Ends a subscription, and removes what brokers keep of it.
    ///
    /// - Returns: Whether it existed.
    /// - Throws: `StorageError`.
    package func delete(_ name: DocumentName) async throws -> Bool { try await runners.delete(name) }

    /// Sends events until the service shuts down, and then for a moment those that streams have reported as they ended.
    package func run() async throws {
        await withTaskGroup { group in
            group.addTask { await self.runners.run() }
            group.addTask {
                guard (try? await gracefulShutdown()) != nil else { return }
                let end = ContinuousClock.now + Self.farewell
                while self.runners.all.contains(where: \.isSending), ContinuousClock.now < end,
                    (try? await Task.sleep(for: .milliseconds(20))) != nil
                {}
            }
            await group.next()
            group.cancelAll()
        }
    }
}
