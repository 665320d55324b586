package import Basics
package import DetectionPipeline
package import JSONSchema
package import Logging
package import ModelServing
internal import Scheduling
internal import ServiceLifecycle
package import Storage
internal import Synchronization

/// Runs the streams that the store keeps.
package final class StreamHub: Service {
    /// A stream and its state.
    package struct Stream: Sendable {
        package let name: String
        package let configuration: StreamConfiguration
        package let state: StreamState
        package let feed: StreamFeed
    }

    /// Limits of all streams.
    package struct Limits: Sendable {
        /// Maximum number of streams.
        package var streams = 16
        /// Maximum number of clients that watch a stream or wait for its events.
        package var subscribers = 16
        /// Maximum number of pixels of a picture.
        package var pixels = 50_000_000

        package init() {}
    }

    /// A stream to run, until its end.
    private typealias Start = (runner: StreamRunner, end: AsyncStream<Never>)

    private struct Running {
        var runner: StreamRunner
        /// Ends it.
        var stop: AsyncStream<Never>.Continuation
    }

    private struct State {
        var running: [String: Running] = [:]
        /// Counts changes, so that what was read from the store before one is not used after it.
        var changes = 0
    }

    /// Time after which configurations are read again, which another replica may have changed.
    private static let interval = Duration.seconds(5)

    package let history: EventHistory
    private let store: any ImageStore
    private let environment: StreamRunner.Environment
    private let limits: Limits
    private let state = Mutex(State())
    private let starts: AsyncStream<Start>
    private let starter: AsyncStream<Start>.Continuation
    private let logger: Logger

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
        self.store = store
        self.history = history
        self.limits = limits
        self.logger = logger
        environment = StreamRunner.Environment(
            models: models,
            pipeline: pipeline,
            history: history,
            resolve: resolve,
            maximumSubscribers: limits.subscribers,
            maximumPixels: limits.pixels,
            logger: logger
        )
        (starts, starter) = AsyncStream.makeStream(of: Start.self)
    }

    /// The streams, by name.
    package var streams: [Stream] {
        state.withLock { Array($0.running.values) }.map(\.runner).sorted { $0.name < $1.name }.map(Self.stream)
    }

    /// Returns a stream; nil if there is none of that name.
    package func stream(named name: DocumentName) -> Stream? {
        state.withLock { $0.running[name.description]?.runner }.map(Self.stream)
    }

    private static func stream(_ runner: StreamRunner) -> Stream {
        Stream(
            name: runner.name,
            configuration: runner.configuration,
            state: runner.state,
            feed: runner.feed
        )
    }

    /// Keeps a stream, and starts it.
    ///
    /// - Returns: Whether it is new.
    /// - Throws: `StorageError`, with `full` if there are too many streams.
    package func put(_ configuration: StreamConfiguration, named name: DocumentName) async throws -> Bool {
        let bytes = try JSONValue.object(configuration.values.all).json()
        let isNew = try await environment.pipeline.workers.run { [store, limits] in
            let names = try store.documentNames(of: .streams)
            guard names.contains(name) || names.count < limits.streams else {
                throw StorageError(.full, "There are \(limits.streams) streams already: delete some.")
            }
            return try store.store(document: bytes, of: .streams, named: name)
        }
        state.withLock { $0.changes += 1 }
        start(configuration, named: name)
        return isNew
    }

    /// Stops a stream, and forgets it and its events.
    ///
    /// - Returns: Whether it existed.
    /// - Throws: `StorageError`.
    package func delete(_ name: DocumentName) async throws -> Bool {
        let existed = try await environment.pipeline.workers.run { [store] in
            try store.deleteDocument(of: .streams, named: name)
        }
        state.withLock { $0.changes += 1 }
        await stop(name.description)?.ended()
        if existed { try await environment.pipeline.workers.run { [history] in history.remove(name.description) } }
        return existed
    }

    /// Runs the streams until the service shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    repeat {
                        await self.load()
                        for stream in self.streams { stream.feed.tick() }
                    } while (try? await Task.sleep(for: Self.interval)) != nil
                    self.starter.finish()
                }
                for await (runner, end) in self.starts {
                    group.addTask { await Self.run(runner, until: end) }
                }
                group.cancelAll()
            }
        }
        endFeeds()
    }

    /// Ends what clients watch and wait for, so that the service can end.
    package func endFeeds() {
        let feeds = state.withLock { $0.running.values.map(\.runner.feed) }
        for feed in feeds { feed.end() }
    }

    private static func run(_ runner: StreamRunner, until end: AsyncStream<Never>) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await runner.run() }
            for await _ in end {}
            group.cancelAll()
        }
    }

    /// Starts and stops streams as the store says.
    private func load() async {
        do {
            let changes = state.withLock(\.changes)
            let kept = try await environment.pipeline.workers.run { [store] in
                try store.documentNames(of: .streams).compactMap { name in
                    try store.document(of: .streams, named: name).map { (name, $0) }
                }
            }
            // Read again in a moment.
            guard changes == state.withLock(\.changes) else { return }
            let names = Set(kept.map(\.0.description))
            for name in state.withLock({ Array($0.running.keys) }) where !names.contains(name) { _ = stop(name) }
            // Of more than are allowed, the first by name.
            for (name, bytes) in kept.prefix(limits.streams) {
                var errors = ValidationErrors()
                guard
                    let values = try? Values(
                        parsingJSON: bytes,
                        fields: StreamConfiguration.fields,
                        location: "streams",
                        into: &errors
                    ), errors.list.isEmpty, let configuration = try? StreamConfiguration(values)
                else {
                    logger.warning("A kept stream is damaged: put it again", metadata: ["stream": "\(name)"])
                    continue
                }
                start(configuration, named: name)
            }
        } catch {
            logger.warning("The streams cannot be read", metadata: ["reason": "\(error.explanation)"])
        }
    }

    /// Starts a stream, in place of an older one of that name, unless it runs already as configured.
    private func start(_ configuration: StreamConfiguration, named name: DocumentName) {
        let (end, stop) = AsyncStream.makeStream(of: Never.self)
        let started = state.withLock { state -> (new: StreamRunner, old: Running?)? in
            let old = state.running[name.description]
            guard old?.runner.configuration.values.all != configuration.values.all else { return nil }
            let runner = StreamRunner(name.description, configuration, environment)
            state.running[name.description] = Running(runner: runner, stop: stop)
            return (runner, old)
        }
        guard let started else { return }
        started.old?.stop.finish()
        starter.yield((started.new, end))
    }

    /// Stops a stream.
    ///
    /// - Returns: The stream, which may take a moment to end; nil if there is none.
    private func stop(_ name: String) -> StreamRunner? {
        let stopped = state.withLock { $0.running.removeValue(forKey: name) }
        stopped?.stop.finish()
        return stopped?.runner
    }
}
