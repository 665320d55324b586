package import Basics
package import JSONSchema
package import Logging
package import Scheduling
package import Storage
internal import Synchronization

/// What a kept document says.
package protocol KeptConfiguration: Sendable {
    /// Its members.
    static var fields: [Field] { get }
    /// The values as given.
    var values: Values { get }

    /// - Parameter values: Values that were validated against ``fields``.
    /// - Throws: `ValidationErrors` for those that are not allowed.
    init(_ values: Values) throws(ValidationErrors)
}

/// Work that goes on for as long as a document is kept.
package protocol KeptRunner: Sendable {
    associatedtype Configuration: KeptConfiguration

    var name: String { get }
    var configuration: Configuration { get }

    /// Works until the task is cancelled.
    func run() async
    /// Called after the end of ``run()`` if the document was deleted: removes what only it needed.
    func forget() async
}

/// Runs something for each document of a kind that the store keeps.
///
/// The documents are read again every few seconds, because another replica may have changed them. Of each name, one runner
/// works at a time: the next one starts when the one before has ended.
package final class KeptRunners<Runner: KeptRunner>: Sendable {
    /// The time in which a runner works.
    private final class Lifetime: Sendable {
        let runner: Runner
        let stop = Latch()
        let end = Latch()
        /// The end of the one before of that name.
        let previousEnd: Latch?
        let isForgotten = Atomic<Bool>(false)

        init(_ runner: Runner, after previous: Lifetime?) {
            self.runner = runner
            previousEnd = previous?.end
        }

        func run() async {
            await previousEnd?.wait()
            if !stop.isOpen {
                await withDiscardingTaskGroup { group in
                    group.addTask { await self.runner.run() }
                    await stop.wait()
                    group.cancelAll()
                }
            }
            if isForgotten.load(ordering: .acquiring) { await runner.forget() }
            end.open()
        }
    }

    private struct State {
        var running: [String: Lifetime] = [:]
        /// Those that were told to stop and may not have ended, by name.
        var stopping: [String: Lifetime] = [:]
        /// Counts changes, so that what was read from the store before one is not used after it.
        var changes = 0
    }

    private static var interval: Duration { .seconds(5) }
    /// Time that a deletion waits for the end.
    private static var patience: Duration { .seconds(5) }

    private let kind: DocumentKind
    private let store: any ImageStore
    private let workers: WorkerPool
    private let maximumCount: Int
    private let logger: Logger
    private let make: @Sendable (String, Runner.Configuration) -> Runner
    private let state = Mutex(State())
    private let starts: AsyncStream<Lifetime>
    private let starter: AsyncStream<Lifetime>.Continuation

    /// - Parameters:
    ///   - kind: Kind of the documents.
    ///   - store: Keeps the documents.
    ///   - workers: Threads for calls of the store.
    ///   - maximumCount: Maximum number of documents.
    ///   - logger: Receives the log.
    ///   - make: Returns a runner for a name and configuration.
    package init(
        kind: DocumentKind,
        store: any ImageStore,
        workers: WorkerPool,
        maximumCount: Int,
        logger: Logger,
        make: @escaping @Sendable (String, Runner.Configuration) -> Runner
    ) {
        self.kind = kind
        self.store = store
        self.workers = workers
        self.maximumCount = maximumCount
        self.logger = logger
        self.make = make
        (starts, starter) = AsyncStream.makeStream(of: Lifetime.self)
    }

    /// The runners, by name.
    package var all: [Runner] {
        state.withLock { Array($0.running.values) }.map(\.runner).sorted { $0.name < $1.name }
    }

    /// Returns a runner; nil if there is none of that name.
    package func runner(named name: DocumentName) -> Runner? {
        state.withLock { $0.running[name.description]?.runner }
    }

    /// Keeps a document, and starts its runner.
    ///
    /// - Returns: Whether it is new.
    /// - Throws: `StorageError`, with `full` if there are too many or it is too large.
    package func put(_ configuration: Runner.Configuration, named name: DocumentName) async throws -> Bool {
        let bytes = try JSONValue.object(configuration.values.all).json()
        guard bytes.count <= DocumentKind.maximumBytes else {
            throw StorageError(.full, "It exceeds the limit of \(DocumentKind.maximumBytes) bytes.")
        }
        let isNew = try await workers.run { [store, kind, maximumCount] in
            let names = try store.documentNames(of: kind)
            guard names.contains(name) || names.count < maximumCount else {
                throw StorageError(.full, "There are \(maximumCount) \(kind.rawValue) already: delete some.")
            }
            return try store.store(document: bytes, of: kind, named: name)
        }
        state.withLock { state in
            state.changes += 1
            start(name.description, configuration, &state)
        }
        return isNew
    }

    /// Deletes a document, and ends its runner.
    ///
    /// The end may come a little later, also if the caller does not wait for it.
    /// - Returns: Whether it existed.
    /// - Throws: `StorageError`.
    package func delete(_ name: DocumentName) async throws -> Bool {
        let existed = try await workers.run { [store, kind] in try store.deleteDocument(of: kind, named: name) }
        let stopped = state.withLock { state in
            state.changes += 1
            return stop(name.description, &state)
        }
        await stopped?.end.wait(for: Self.patience)
        return existed
    }

    /// Runs everything until the task is cancelled.
    ///
    /// - Parameter onInterval: Called every few seconds.
    package func run(onInterval: @escaping @Sendable () -> Void = {}) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                repeat {
                    await self.load()
                    onInterval()
                } while (try? await Task.sleep(for: Self.interval)) != nil
                self.starter.finish()
            }
            for await lifetime in self.starts {
                group.addTask {
                    await lifetime.run()
                    self.state.withLock { state in
                        let name = lifetime.runner.name
                        if state.stopping[name] === lifetime { state.stopping[name] = nil }
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Starts and stops runners as the store says.
    private func load() async {
        do {
            let changes = state.withLock(\.changes)
            let kept = try await workers.run { [store, kind] in
                try store.documentNames(of: kind).compactMap { name in
                    try store.document(of: kind, named: name).map { (name.description, $0) }
                }
            }
            // Of more than are allowed, the first by name.
            let configurations = kept.prefix(maximumCount).map { ($0, configuration($0, $1)) }
            let names = Set(kept.map(\.0))
            state.withLock { state in
                // Read again in a moment.
                guard changes == state.changes else { return }
                for name in Array(state.running.keys) where !names.contains(name) { _ = stop(name, &state) }
                for case (let name, let configuration?) in configurations { start(name, configuration, &state) }
            }
        } catch {
            logger.warning("The \(kind.rawValue) cannot be read", metadata: ["reason": "\(error.explanation)"])
        }
    }

    private func configuration(_ name: String, _ bytes: [UInt8]) -> Runner.Configuration? {
        var errors = ValidationErrors()
        let fields = Runner.Configuration.fields
        let values = try? Values(parsingJSON: bytes, fields: fields, location: kind.rawValue, into: &errors)
        guard let values, errors.list.isEmpty, let configuration = try? Runner.Configuration(values) else {
            logger.warning(
                "A kept document is damaged: put it again",
                metadata: ["document": "\(kind.rawValue)/\(name)"]
            )
            return nil
        }
        return configuration
    }

    /// Starts a runner, in place of an older one of that name, unless that one has the same configuration.
    private func start(_ name: String, _ configuration: Runner.Configuration, _ state: inout State) {
        let old = state.running[name]
        guard old?.runner.configuration.values.all != configuration.values.all else { return }
        let lifetime = Lifetime(make(name, configuration), after: old ?? state.stopping[name])
        state.running[name] = lifetime
        old?.stop.open()
        starter.yield(lifetime)
    }

    /// Ends a runner whose document was deleted.
    private func stop(_ name: String, _ state: inout State) -> Lifetime? {
        guard let lifetime = state.running.removeValue(forKey: name) else { return nil }
        state.stopping[name] = lifetime
        lifetime.isForgotten.store(true, ordering: .releasing)
        lifetime.stop.open()
        return lifetime
    }
}
