internal import Basics
internal import NIOPosix
internal import Scheduling
internal import Synchronization
package import YOLO

/// The served models, by name.
///
/// Models of a directory can be reloaded while the service runs: a request keeps its detector until it is done, and a
/// file that cannot be loaded leaves the previous model in place.
package final class ModelRegistry: Sendable {
    /// Loads and warms up the model of a file.
    package typealias Load = @Sendable (ModelFile) async throws -> any ObjectDetector

    /// Model used when a request names none.
    package let defaultName: String

    private let state: Mutex<State>
    private let directory: String?
    private let load: Load
    private let didChange: @Sendable ([ModelDescription]) -> Void
    /// Files are loaded one at a time.
    private let turns = WorkQueue(slots: 1, capacity: 16)

    private struct Entry {
        /// nil if the file could not be loaded.
        var detector: (any ObjectDetector)?
        /// The file when it was last loaded or failed to load; nil to load it again.
        var signature: FileSignature?
        /// The network as its file defines it, loaded when it is first asked for.
        var tensors: Task<TensorNetwork, any Error>?
        /// Why the file could not be loaded.
        var failure: String?
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Files that changed since they were loaded, as of the watcher's last poll; nil for a file that is gone.
        var settling: [String: FileSignature?] = [:]
    }

    /// Makes a registry of one fixed model.
    package init(defaultDetector: any ObjectDetector) {
        defaultName = defaultDetector.model.name
        state = Mutex(State(entries: [defaultName: Entry(detector: defaultDetector)]))
        directory = nil
        didChange = { _ in }
        load = { _ in defaultDetector }
    }

    /// Makes a registry of a directory's models; ``reload(onlySettled:)`` loads them.
    ///
    /// - Parameters:
    ///   - directory: Directory with models.
    ///   - defaultName: Model used when a request names none.
    ///   - load: Loads a model.
    ///   - didChange: Called with the served models whenever they changed.
    package init(
        directory: String,
        defaultName: String,
        load: @escaping Load,
        didChange: @escaping @Sendable ([ModelDescription]) -> Void = { _ in }
    ) {
        self.defaultName = defaultName
        self.directory = directory
        self.load = load
        self.didChange = didChange
        state = Mutex(State())
    }

    /// Descriptions of the models, sorted by name.
    package var models: [ModelDescription] {
        state.withLock { $0.entries.values.compactMap(\.detector?.model) }.sorted { $0.name < $1.name }
    }

    /// Whether there is a model of a name.
    package func hasModel(named name: String) -> Bool { state.withLock { $0.entries[name]?.detector != nil } }

    /// Returns the detector of a name, or the default one for nil.
    ///
    /// - Throws: ``ModelServingError`` with `unknownModel`.
    package func detector(named name: String?) throws(ModelServingError) -> any ObjectDetector {
        let name = name ?? defaultName
        guard let detector = state.withLock({ $0.entries[name]?.detector }) else {
            let names = models.map(\.name).joined(separator: ", ")
            throw ModelServingError(.unknownModel, "There is no model called \(name); available models are \(names).")
        }
        return detector
    }

    /// Returns the network of a model as its file defines it, which is loaded when it is first asked for.
    ///
    /// - Throws: ``ModelServingError`` with `unknownModel`, or `unusableModel` if it cannot be loaded this way.
    package func tensors(named name: String) async throws -> TensorNetwork {
        // Says which models there are.
        _ = try detector(named: name)
        let task = state.withLock { state -> Task<TensorNetwork, any Error>? in
            guard let detector = state.entries[name]?.detector else { return nil }
            if let task = state.entries[name]?.tensors { return task }
            // In turn with other models, so that many networks are not compiled at once.
            let task = Task { try await self.inTurn { try await Self.blocking { try detector.tensors() } } }
            state.entries[name]?.tensors = task
            return task
        }
        guard let task else { throw ModelServingError(.busy, "The model \(name) was just unloaded; try again.") }
        do {
            return try await task.value
        } catch {
            // Other failures are not caused by the file, and may not recur.
            if (error as? YOLOError)?.code != .invalidModel {
                state.withLock { state in
                    if state.entries[name]?.tensors == task { state.entries[name]?.tensors = nil }
                }
            }
            throw ModelServingError(
                .unusableModel,
                "The model \(name) cannot be used with tensors: \(error.explanation)",
                cause: error
            )
        }
    }

    /// Loads the model of a name, unless it is served already.
    ///
    /// - Throws: ``ModelServingError`` with `unknownModel` if there is no such file, `unusableModel` if it cannot be
    ///   loaded, or as ``reload(onlySettled:)``.
    package func load(_ name: String) async throws {
        try await inTurn {
            guard let directory, !hasModel(named: name) else {
                _ = try detector(named: name)
                return
            }
            guard let (file, signature) = try await Self.files(in: directory).first(where: { $0.0.name == name }) else {
                _ = try detector(named: name)
                return
            }
            var changes = ModelChanges()
            try await update(file, signature, changes: &changes)
            if let failure = changes.failed[name] {
                throw ModelServingError(.unusableModel, "The model \(name) cannot be loaded: \(failure)")
            }
            try await announce()
        }
    }

    /// Stops serving a model, until ``load(_:)`` is called or its file changes.
    ///
    /// - Throws: ``ModelServingError`` with `unknownModel`, or `isDefault` because requests depend on that model.
    package func unload(_ name: String) async throws {
        try await inTurn {
            _ = try detector(named: name)
            guard name != defaultName else {
                throw ModelServingError(.isDefault, "\(name) is the default model, which stays loaded.")
            }
            // Freeing the detector takes a while, so that happens outside the lock.
            let detector = state.withLock { state in
                defer {
                    state.entries[name]?.detector = nil
                    state.entries[name]?.tensors = nil
                }
                return state.entries[name]?.detector
            }
            try await announce()
            withExtendedLifetime(detector) {}
        }
    }

    /// Updates the registry from its directory: loads new and changed files, drops removed ones.
    ///
    /// The default model stays served when its file is removed, because requests depend on it.
    /// - Parameter onlySettled: Whether to skip files that changed or disappeared since the previous call. A failure is
    ///   then reported once, otherwise as long as it lasts.
    /// - Returns: What has changed.
    /// - Throws: ``ModelServingError`` with `busy` if this is called faster than models load, or `unreadableDirectory`;
    ///   `CancellationError`.
    package func reload(onlySettled: Bool = false) async throws -> ModelChanges {
        guard let directory else { return ModelChanges() }
        return try await inTurn { try await update(from: directory, onlySettled: onlySettled) }
    }

    private func inTurn<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await turns.withSlot(body)
        } catch is SchedulingError {
            throw ModelServingError(.busy, "The models are already being loaded; try again in a few seconds.")
        }
    }

    private func announce() async throws {
        try await Self.blocking { self.didChange(self.models) }
    }

    private func update(from directory: String, onlySettled: Bool) async throws -> ModelChanges {
        var changes = ModelChanges()
        let files = try await Self.files(in: directory)
        // The default model first: most requests need it.
        for (file, signature) in files.sorted(by: { $0.0.name == defaultName && $1.0.name != defaultName }) {
            try Task.checkCancellation()
            guard isDue(file.name, signature, onlySettled: onlySettled, changes: &changes) else { continue }
            try await update(file, signature, changes: &changes)
        }
        forgetModels(but: Set(files.map(\.0.name)), onlySettled: onlySettled, changes: &changes)
        if !changes.isEmpty { try await announce() }
        return changes
    }

    /// Loads all models again, for example to compile them with other options.
    ///
    /// - Throws: Same as ``reload(onlySettled:)``.
    package func reloadAll() async throws -> ModelChanges {
        state.withLock { state in
            // Those that were unloaded stay so.
            for (name, entry) in state.entries where entry.detector != nil || entry.failure != nil {
                state.entries[name]?.signature = nil
            }
        }
        return try await reload()
    }

    /// Lists the current model files.
    private static func files(in directory: String) async throws -> [(ModelFile, FileSignature)] {
        do {
            return try await blocking { try ModelFile.all(in: directory).map { ($0, FileSignature(of: $0)) } }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ModelServingError(.unreadableDirectory, "The folder \(directory) cannot be read.", cause: error)
        }
    }

    /// Runs file system work on a thread that may block.
    private static func blocking<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive(body)
    }

    /// Whether a file must be loaded now.
    private func isDue(
        _ name: String,
        _ signature: FileSignature,
        onlySettled: Bool,
        changes: inout ModelChanges
    ) -> Bool {
        state.withLock { state in
            if let entry = state.entries[name], entry.signature == signature {
                state.settling[name] = nil
                if !onlySettled { changes.failed[name] = entry.failure }
                return false
            }
            guard onlySettled else { return true }
            return state.settling.updateValue(signature, forKey: name) == .some(signature)
        }
    }

    private func update(_ file: ModelFile, _ signature: FileSignature, changes: inout ModelChanges) async throws {
        do {
            let detector = try await load(file)
            // A file that was replaced while it was read may be a mix of both versions: load it again next time.
            let now = try await Self.blocking { FileSignature(of: file) }
            let entry = Entry(detector: detector, signature: now == signature ? signature : nil)
            // Freeing the old detector takes a while, so that happens outside the lock.
            let before = state.withLock { $0.entries.updateValue(entry, forKey: file.name) }
            if before?.detector == nil { changes.added.append(file.name) } else { changes.replaced.append(file.name) }
        } catch let error as CancellationError {
            throw error
        } catch {
            let failure = error.explanation
            // Other failures are not caused by the file, and may not recur.
            let isLasting = (error as? YOLOError)?.code == .invalidModel
            state.withLock { state in
                state.entries[file.name, default: Entry()].signature = isLasting ? signature : nil
                state.entries[file.name]?.failure = failure
            }
            changes.failed[file.name] = failure
        }
    }

    /// Drops models whose files were removed.
    private func forgetModels(but names: Set<String>, onlySettled: Bool, changes: inout ModelChanges) {
        let forgotten = state.withLock { state in
            var forgotten: [(name: String, entry: Entry)] = []
            for (name, entry) in state.entries where !names.contains(name) && name != defaultName {
                // A file that is being replaced may be missing for a moment.
                if onlySettled, state.settling.updateValue(nil, forKey: name) != .some(nil) { continue }
                state.entries[name] = nil
                state.settling[name] = nil
                forgotten.append((name, entry))
            }
            return forgotten
        }
        changes.removed += forgotten.filter { $0.entry.detector != nil }.map(\.name)
    }
}
