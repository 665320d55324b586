internal import Inference
internal import NIOPosix
internal import Synchronization
public import YOLO

/// The models that are served, by name.
///
/// Those of a directory can be loaded anew while the service runs: who holds a detector keeps it until its picture is
/// done, and a file that cannot be loaded leaves what was served before.
public final class ModelRegistry: Sendable {
    /// Loads the model of a file, so far that it is quick from the first picture on.
    public typealias Load = @Sendable (ModelFile) async throws -> any ObjectDetector

    /// The name of the model that serves requests which name none.
    public let defaultName: String

    private let state: Mutex<State>
    private let directory: String?
    private let load: Load
    private let didChange: @Sendable ([ModelDescription]) -> Void
    /// One file is loaded after the other.
    private let turns = WorkQueue(slots: 1, capacity: 16)

    private struct Entry {
        /// nil for a file that could not be loaded.
        var detector: (any ObjectDetector)?
        /// The file as it was when it was loaded last, or failed to; nil where it is to be loaded again.
        var signature: FileSignature?
        /// Why it could not be loaded.
        var failure: String?
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// What the watcher saw at its last look of files that differ from what is served: nil for one that is gone.
        var settling: [String: FileSignature?] = [:]
    }

    /// Makes a registry of one model that stays as it is.
    public init(defaultDetector: any ObjectDetector) {
        defaultName = defaultDetector.model.name
        state = Mutex(State(entries: [defaultName: Entry(detector: defaultDetector)]))
        directory = nil
        didChange = { _ in }
        load = { file in throw InferenceError(.failed, "\(file.path) is not of a registry with a directory") }
    }

    /// Makes a registry of a directory's models, none of which is loaded yet.
    ///
    /// - Parameters:
    ///   - directory: Folder with models.
    ///   - defaultName: The name of the model that serves requests which name none.
    ///   - load: Loads a model.
    ///   - didChange: Called with what is served whenever that has changed.
    public init(
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

    /// What the models are, in the order of their names.
    public var models: [ModelDescription] {
        state.withLock { $0.entries.values.compactMap(\.detector?.model) }.sorted { $0.name < $1.name }
    }

    /// The detector of a name, or the default one for nil.
    ///
    /// - Throws: ``Problem`` (404) where there is none of that name.
    func detector(named name: String?) throws -> any ObjectDetector {
        let name = name ?? defaultName
        guard let detector = state.withLock({ $0.entries[name]?.detector }) else {
            let names = models.map(\.name).joined(separator: ", ")
            throw Problem(.notFound, "There is no model called \(name); there are: \(names).")
        }
        return detector
    }

    /// Brings the registry up to date with its directory: loads what is new or changed, forgets what is gone.
    ///
    /// The default model is served on when its file is gone, as requests count on it.
    /// - Parameter onlySettled: Whether to leave a file alone for now that has changed, or gone, since the last look. A
    ///   failure is then told of once, else as long as it lasts.
    /// - Returns: What has changed.
    /// - Throws: `InferenceError` with `queueFull` when this is called faster than models are loaded,
    ///   `CancellationError`, and ``ModelFolderError`` when the directory cannot be read.
    public func reload(onlySettled: Bool = false) async throws -> ModelChanges {
        guard let directory else { return ModelChanges() }
        return try await turns.withSlot {
            var changes = ModelChanges()
            let files = try await Self.files(in: directory)
            // The default model first: without it nothing is served.
            for (file, signature) in files.sorted(by: { $0.0.name == defaultName && $1.0.name != defaultName }) {
                try Task.checkCancellation()
                guard isDue(file.name, signature, onlySettled: onlySettled, changes: &changes) else { continue }
                try await update(file, signature, changes: &changes)
            }
            forgetModels(but: Set(files.map(\.0.name)), onlySettled: onlySettled, changes: &changes)
            let hasChanged = !changes.isEmpty
            if hasChanged { try await Self.working { self.didChange(self.models) } }
            return changes
        }
    }

    /// Loads all models again, as when they are to be compiled in another way.
    ///
    /// - Returns: What has changed.
    /// - Throws: As ``reload(onlySettled:)``.
    public func reloadAll() async throws -> ModelChanges {
        state.withLock { state in
            for name in state.entries.keys { state.entries[name]?.signature = nil }
        }
        return try await reload()
    }

    /// The models' files as they are now.
    private static func files(in directory: String) async throws -> [(ModelFile, FileSignature)] {
        do {
            return try await working { try ModelFile.all(in: directory).map { ($0, FileSignature(of: $0)) } }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ModelFolderError(directory: directory, cause: error)
        }
    }

    /// Runs what may wait for a file system on a thread that may wait.
    private static func working<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive(body)
    }

    /// Whether a file is to be loaded now.
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
            // One that was replaced while it was read may be half the one, half the other: the next look loads it again.
            let now = try await Self.working { FileSignature(of: file) }
            let entry = Entry(detector: detector, signature: now == signature ? signature : nil)
            // The old detector is let go of outside of the lock: that takes a while.
            let before = state.withLock { $0.entries.updateValue(entry, forKey: file.name) }
            if before?.detector == nil { changes.added.append(file.name) } else { changes.replaced.append(file.name) }
        } catch let error as CancellationError {
            throw error
        } catch {
            let failure = (error as? InferenceError)?.message ?? "\(error)"
            // What has nothing to do with the file may be over at the next look.
            let isLasting = (error as? InferenceError)?.code == .invalidModel
            state.withLock { state in
                state.entries[file.name, default: Entry()].signature = isLasting ? signature : nil
                state.entries[file.name]?.failure = failure
            }
            changes.failed[file.name] = failure
        }
    }

    /// Forgets models whose files are gone.
    private func forgetModels(but names: Set<String>, onlySettled: Bool, changes: inout ModelChanges) {
        let forgotten = state.withLock { state in
            var forgotten: [(name: String, entry: Entry)] = []
            for (name, entry) in state.entries where !names.contains(name) && name != defaultName {
                // A file that is copied anew is away for a moment.
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

/// The models' folder cannot be read.
public struct ModelFolderError: Error, Sendable {
    /// The folder.
    public var directory: String
    /// Why.
    public var cause: any Error
}

/// What bringing a ``ModelRegistry`` up to date has changed, by the models' names.
public struct ModelChanges: Sendable {
    /// Models that were not served before.
    public var added: [String] = []
    /// Models whose file had changed.
    public var replaced: [String] = []
    /// Models whose file is gone.
    public var removed: [String] = []
    /// Why a file could not be loaded.
    public var failed: [String: String] = [:]

    /// Whether nothing has changed.
    public var isEmpty: Bool { added.isEmpty && replaced.isEmpty && removed.isEmpty && failed.isEmpty }
}
