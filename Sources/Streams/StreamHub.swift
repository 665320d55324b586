package import Basics
package import DetectionPipeline
package import JSONSchema
package import Logging
package import ModelServing
internal import Scheduling
internal import ServiceLifecycle
package import Storage

/// Runs the streams that the store keeps.
package final class StreamHub: Service {
    /// A stream and its state.
    package struct Stream: Sendable {
        package let name: String
        package let configuration: StreamConfiguration
        package let state: StreamState
        /// What it shows; nil if another replica watches it.
        package let feed: StreamFeed?
    }

    /// Limits of all streams.
    package struct Limits: Sendable {
        /// Maximum number of streams.
        package var streams = 16
        /// Maximum number of clients that watch a stream or wait for its events, and of those that wait for all.
        package var subscribers = 16
        /// Maximum number of pixels of a picture.
        package var pixels = 50_000_000

        package init() {}
    }

    private static let tickInterval = Duration.seconds(5)

    package let history: EventHistory
    /// Sends what happens in all streams.
    package let broadcast: Broadcast
    private let runners: KeptRunners<StreamRunner>

    /// - Parameters:
    ///   - store: Keeps the configurations.
    ///   - history: Keeps the events.
    ///   - models: Models by name.
    ///   - pipeline: Detects objects.
    ///   - limits: Limits of all streams.
    ///   - resolve: Replaces names of kept zones in a configuration by the zones.
    ///   - logger: Receives the log.
    package init(
        store: any ImageStore,
        history: EventHistory,
        models: ModelRegistry,
        pipeline: DetectionPipeline,
        limits: Limits = Limits(),
        resolve: @escaping @Sendable (Values) async throws -> Values,
        logger: Logger
    ) {
        self.history = history
        broadcast = Broadcast(maximumSubscribers: limits.subscribers)
        let environment = StreamRunner.Environment(
            models: models,
            pipeline: pipeline,
            history: history,
            resolve: resolve,
            broadcast: broadcast,
            maximumSubscribers: limits.subscribers,
            maximumPixels: limits.pixels,
            logger: logger
        )
        runners = KeptRunners(
            kind: .streams,
            store: store,
            workers: pipeline.workers,
            maximumCount: limits.streams,
            isExclusive: true,
            logger: logger
        ) { StreamRunner($0, $1, after: $2, environment) }
    }

    /// The streams, by name.
    package var streams: [Stream] {
        (runners.all.map(Self.stream) + runners.foreign.map(Self.stream)).sorted { $0.name < $1.name }
    }

    /// Whether the streams have been read once; before, there seem to be none.
    package var hasLoaded: Bool { runners.hasLoaded }

    /// Returns a stream; nil if there is none of that name.
    package func stream(named name: DocumentName) -> Stream? {
        runners.runner(named: name).map(Self.stream)
            ?? runners.foreign.first { $0.name == name.description }.map(Self.stream)
    }

    private static func stream(_ runner: StreamRunner) -> Stream {
        Stream(
            name: runner.name,
            configuration: runner.configuration,
            state: runner.state,
            feed: runner.feed
        )
    }

    private static func stream(_ foreign: KeptRunners<StreamRunner>.Foreign) -> Stream {
        var state = StreamState()
        (state.phase, state.replica) = (.elsewhere, foreign.host)
        return Stream(name: foreign.name, configuration: foreign.configuration, state: state, feed: nil)
    }

    /// Keeps a stream, and starts it.
    ///
    /// - Returns: Whether it is new.
    /// - Throws: `StorageError`, with `full` if there are too many streams.
    package func put(_ configuration: StreamConfiguration, named name: DocumentName) async throws -> Bool {
        try await runners.put(configuration, named: name)
    }

    /// Stops a stream, and forgets it and its events.
    ///
    /// - Returns: Whether it existed.
    /// - Throws: `StorageError`.
    package func delete(_ name: DocumentName) async throws -> Bool { try await runners.delete(name) }

    /// Runs the streams until the service shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    while (try? await Task.sleep(for: Self.tickInterval)) != nil {
                        self.broadcast.send(.tick)
                        for runner in self.runners.all { runner.feed.tick() }
                    }
                }
                await self.runners.run()
                group.cancelAll()
            }
        }
        endFeeds()
    }

    /// Ends what clients watch and wait for, so that the service can end.
    package func endFeeds() {
        broadcast.end()
        for runner in runners.all { runner.feed.end() }
    }
}
