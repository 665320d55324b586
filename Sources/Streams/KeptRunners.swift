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
    /// Whether what this runner leaves is for one with the given configuration; otherwise it forgets it.
    func isContinued(by configuration: Configuration) -> Bool
}

/// Runs something for each document of a kind that the store keeps.
///
/// The documents are read again every two seconds, because another replica may have changed them. Of each name, one runner
/// works at a time: the next one starts when the one before has ended. With leases, that holds for all replicas together: if
/// one ends or hangs, another one runs its documents a few seconds later. One that cannot reach the store goes on.
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

    /// A document whose runner works in another replica.
    package struct Foreign: Sendable {
        package let name: String
        package let configuration: Runner.Configuration
        /// Name of the other replica's machine.
        package let host: String
    }

    private struct State {
        var running: [String: Lifetime] = [:]
        var foreign: [String: Foreign] = [:]
        /// Those that were told to stop and may not have ended, by name.
        var stopping: [String: Lifetime] = [:]
        /// Whether the documents have been read once.
        var hasLoaded = false
        /// Names of documents that are being deleted here, once for each call.
        var deleting: [String] = []
        /// Names of documents that could not be used when they were last read.
        var damaged: Set<String> = []
        /// Counts changes, so that what was read from the store before one is not used after it.
        var changes = 0
        /// Those that are told to stop as soon as the lock is released.
        var stops: [Lifetime] = []
        /// Those that begin then.
        var begins: [Lifetime] = []
    }

    private static var interval: Duration { .seconds(2) }
    /// Time after which another replica takes over.
    private static var leaseMilliseconds: Int { 5000 }
    /// Time that a deletion waits for the end.
    private static var patience: Duration { .seconds(5) }

    private let kind: DocumentKind
    private let store: any ImageStore
    private let workers: WorkerPool
    private let maximumCount: Int
    /// This replica's name among the holders of leases; nil to run everything.
    private let holder: String?
    private let logger: Logger
    private let make: @Sendable (String, Runner.Configuration, Runner?) -> Runner
    private let state = Mutex(State())
    private let hasFailed = Atomic<Bool>(false)
    private let starts: AsyncStream<Lifetime>
    private let starter: AsyncStream<Lifetime>.Continuation

    /// - Parameters:
    ///   - kind: Kind of the documents.
    ///   - store: Keeps the documents.
    ///   - workers: Threads for calls of the store.
    ///   - maximumCount: Maximum number of documents.
    ///   - isExclusive: Whether each document has a runner in only one of the replicas that share the store.
    ///   - logger: Receives the log.
    ///   - make: Returns a runner for a name and configuration, which replaces an older one, if there is one.
    package init(
        kind: DocumentKind,
        store: any ImageStore,
        workers: WorkerPool,
        maximumCount: Int,
        isExclusive: Bool,
        logger: Logger,
        make: @escaping @Sendable (String, Runner.Configuration, Runner?) -> Runner
    ) {
        self.kind = kind
        self.store = store
        self.workers = workers
        self.maximumCount = maximumCount
        holder = isExclusive ? "\(HostName.current)/\(UInt64.random(in: 0...UInt64.max))" : nil
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

    /// Whether the documents have been read once.
    package var hasLoaded: Bool { state.withLock(\.hasLoaded) }

    /// Documents whose runners work in other replicas, by name.
    package var foreign: [Foreign] { state.withLock { Array($0.foreign.values) }.sorted { $0.name < $1.name } }

    /// Keeps a document, and starts its runner.
    ///
    /// - Returns: Whether it is new.
    /// - Throws: `StorageError`, with `full` if there are too many or it is too large.
    package func put(_ configuration: Runner.Configuration, named name: DocumentName) async throws -> Bool {
        let bytes = try JSONValue.object(configuration.values.all).json()
        guard bytes.count <= DocumentKind.maximumBytes else {
            throw StorageError(.full, "It exceeds the limit of \(DocumentKind.maximumBytes) bytes.")
        }
        let (isNew, wasDeleted, host) = try await workers.run { [store, kind, maximumCount] in
            let names = try store.documentNames(of: kind)
            guard names.contains(name) || names.count < maximumCount else {
                throw StorageError(.full, "There are \(maximumCount) \(kind.rawValue) already: delete some.")
            }
            let wasDeleted = try store.wasDeleted(kind, named: name)
            let isNew = try store.store(document: bytes, of: kind, named: name)
            return (isNew, wasDeleted, try self.otherHost(of: name.description))
        }
        change { state in
            // What an earlier one of that name may have left here.
            if wasDeleted { forget(name.description, configuration, &state) }
            apply(name.description, configuration, host: host, &state)
        }
        return isNew
    }

    /// Deletes a document, and ends its runner.
    ///
    /// The end may come a little later, also if the caller does not wait for it.
    /// - Returns: Whether it existed.
    /// - Throws: `StorageError`.
    package func delete(_ name: DocumentName) async throws -> Bool {
        // Otherwise it would seem lost if the documents are read again before the runner is told to stop.
        state.withLock { $0.deleting.append(name.description) }
        defer {
            state.withLock { state in
                _ = state.deleting.firstIndex(of: name.description).map { state.deleting.remove(at: $0) }
            }
        }
        let existed = try await workers.run { [store, kind] in try store.deleteDocument(of: kind, named: name) }
        let stopped = change { state in
            if let foreign = state.foreign.removeValue(forKey: name.description) {
                forget(name.description, foreign.configuration, &state)
            }
            return stop(name.description, isForgotten: true, &state) ?? state.stopping[name.description]
        }
        await stopped?.end.wait(for: Self.patience)
        return existed
    }

    /// Changes the state, and then does what follows: those who are woken must not find the lock taken.
    ///
    /// - Parameters:
    ///   - isOwn: Whether this replica changes a document.
    ///   - body: Changes the state.
    /// - Returns: What `body` returns.
    private func change<Result: Sendable>(isOwn: Bool = true, _ body: (inout State) -> Result) -> Result {
        let (result, stops, begins) = state.withLock { state in
            if isOwn { state.changes += 1 }
            let result = body(&state)
            defer { (state.stops, state.begins) = ([], []) }
            return (result, state.stops, state.begins)
        }
        for lifetime in stops { lifetime.stop.open() }
        for lifetime in begins { starter.yield(lifetime) }
        return result
    }

    /// Runs everything until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                repeat {
                    await self.load()
                } while (try? await Task.sleep(for: Self.interval)) != nil
                self.starter.finish()
            }
            for await lifetime in self.starts {
                group.addTask {
                    await lifetime.run()
                    await self.note(endOf: lifetime)
                }
            }
            group.cancelAll()
        }
    }

    /// Gives the lease back if no other runner of that name follows, so that another replica need not wait.
    private func note(endOf lifetime: Lifetime) async {
        let name = lifetime.runner.name
        let isLast = state.withLock { state in
            if state.stopping[name] === lifetime { state.stopping[name] = nil }
            return state.running[name].map { $0 === lifetime } ?? true
        }
        guard isLast, let holder else { return }
        await withTaskExecutorPreference(workers) { try? store.release(lease(name), for: holder) }
    }

    /// Starts and stops runners as the store says.
    private func load() async {
        do {
            let (changes, running, foreign) = state.withLock { state in
                (state.changes, Set(state.running.keys), Set(state.foreign.keys))
            }
            let kept = try await workers.run { [store, kind] in
                try store.documentNames(of: kind).compactMap { name in
                    try store.document(of: kind, named: name).map { (name.description, $0) }
                }
            }
            // Of more than are allowed, the first by name.
            let read = kept.prefix(maximumCount).map { name, bytes in (name, configuration(bytes)) }
            let configurations = Dictionary(uniqueKeysWithValues: read).compactMapValues { $0 }
            report(damaged: Set(read.filter { $0.1 == nil }.map(\.0)))
            let names = kept.map(\.0)
            let missing = running.union(foreign).subtracting(names)
            let (hosts, deleted) = try await workers.run { [store, kind] in
                let deleted = try missing.filter {
                    try DocumentName($0).map { try store.wasDeleted(kind, named: $0) } ?? false
                }
                // What runs here keeps its lease, although its document may have become unreadable.
                let leased = names.filter { configurations[$0] != nil || running.contains($0) }
                return (try leased.map { ($0, try self.otherHost(of: $0)) }, deleted)
            }
            change(isOwn: false) { state in
                // Read again in a moment.
                guard changes == state.changes else { return }
                for name in missing {
                    // A store that has lost its contents ends the work, but nothing here is removed.
                    let isDeleted = deleted.contains(name) || state.deleting.contains(name)
                    if isDeleted, let foreign = state.foreign[name] { forget(name, foreign.configuration, &state) }
                    _ = stop(name, isForgotten: isDeleted, &state)
                }
                state.hasLoaded = true
                state.foreign = [:]
                for (name, host) in hosts {
                    if let configuration = configurations[name] {
                        apply(name, configuration, host: host, &state)
                    } else if host != nil {
                        _ = stop(name, isForgotten: false, &state)
                    }
                }
            }
            hasFailed.store(false, ordering: .relaxed)
        } catch {
            guard !Task.isCancelled, !hasFailed.exchange(true, ordering: .relaxed) else { return }
            logger.warning("The \(kind.rawValue) cannot be read", metadata: ["reason": "\(error.explanation)"])
        }
    }

    /// Reports documents once that cannot be used.
    private func report(damaged names: Set<String>) {
        let known = state.withLock { state in
            defer { state.damaged = names }
            return state.damaged
        }
        for name in names.subtracting(known).sorted() {
            logger.warning(
                "A kept document is damaged: put it again",
                metadata: ["document": "\(kind.rawValue)/\(name)"]
            )
        }
    }

    private func lease(_ name: String) -> String { "\(kind.rawValue)/\(name)" }

    /// The host of the replica that runs a document; nil if it is this one, which keeps doing so.
    private func otherHost(of name: String) throws(StorageError) -> String? {
        guard let holder else { return nil }
        let owner = try store.lease(lease(name), for: holder, milliseconds: Self.leaseMilliseconds)
        return owner == holder ? nil : String(owner.prefix { $0 != "/" }).printable(limit: 255)
    }

    /// Runs a document here, or not if another replica does.
    private func apply(_ name: String, _ configuration: Runner.Configuration, host: String?, _ state: inout State) {
        if let host {
            _ = stop(name, isForgotten: false, &state)
            state.foreign[name] = Foreign(name: name, configuration: configuration, host: host)
        } else {
            state.foreign[name] = nil
            start(name, configuration, &state)
        }
    }

    private func configuration(_ bytes: [UInt8]) -> Runner.Configuration? {
        var errors = ValidationErrors()
        let fields = Runner.Configuration.fields
        let values = try? Values(parsingJSON: bytes, fields: fields, location: kind.rawValue, into: &errors)
        guard let values, errors.list.isEmpty else { return nil }
        return try? Runner.Configuration(values)
    }

    /// Starts a runner, in place of an older one of that name, unless that one has the same configuration.
    private func start(_ name: String, _ configuration: Runner.Configuration, _ state: inout State) {
        let old = state.running[name]
        guard old?.runner.configuration.values.all != configuration.values.all else { return }
        let lifetime = Lifetime(make(name, configuration, old?.runner), after: old ?? state.stopping[name])
        state.running[name] = lifetime
        if let old {
            old.isForgotten.store(!old.runner.isContinued(by: configuration), ordering: .releasing)
            state.stops.append(old)
        }
        state.begins.append(lifetime)
    }

    /// Removes what a document of a name has left here, although it does not run.
    private func forget(_ name: String, _ configuration: Runner.Configuration, _ state: inout State) {
        guard state.running[name] == nil else { return }
        let lifetime = Lifetime(make(name, configuration, nil), after: state.stopping[name])
        state.stopping[name] = lifetime
        lifetime.isForgotten.store(true, ordering: .releasing)
        state.stops.append(lifetime)
        state.begins.append(lifetime)
    }

    /// Ends a runner, and forgets what only it needed if its document was deleted.
    private func stop(_ name: String, isForgotten: Bool, _ state: inout State) -> Lifetime? {
        guard let lifetime = state.running.removeValue(forKey: name) else { return nil }
        state.stopping[name] = lifetime
        lifetime.isForgotten.store(isForgotten, ordering: .releasing)
        state.stops.append(lifetime)
        return lifetime
    }
}
