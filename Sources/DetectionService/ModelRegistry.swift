internal import Inference
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

    private let entries: Mutex<[String: Entry]>
    private let directory: String?
    private let load: Load
    private let didChange: @Sendable ([ModelDescription]) -> Void
    /// One file is loaded after the other.
    private let turns = WorkQueue(slots: 1, capacity: 16)
    /// Files as they were when they were last seen to differ from what is served.
    private let settling = Mutex<[String: FileSignature]>([:])

    private struct Entry {
        /// nil for a file that could not be loaded.
        var detector: (any ObjectDetector)?
        /// The file as it was when it was loaded last, or failed to.
        var signature: FileSignature?
    }

    /// Makes a registry of one model that stays as it is.
    public init(defaultDetector: any ObjectDetector) {
        defaultName = defaultDetector.model.name
        entries = Mutex([defaultName: Entry(detector: defaultDetector)])
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
        entries = Mutex([:])
    }

    /// What the models are, in the order of their names.
    public var models: [ModelDescription] {
        entries.withLock { $0.values.compactMap(\.detector?.model) }.sorted { $0.name < $1.name }
    }

    /// The detector of a name, or the default one for nil.
    ///
    /// - Throws: ``Problem`` (404) where there is none of that name.
    func detector(named name: String?) throws -> any ObjectDetector {
        let name = name ?? defaultName
        guard let detector = entries.withLock({ $0[name]?.detector }) else {
            let names = models.map(\.name).joined(separator: ", ")
            throw Problem(.notFound, "There is no model called \(name); there are: \(names).")
        }
        return detector
    }

    /// Brings the registry up to date with its directory: loads what is new or changed, forgets what is gone.
    ///
    /// The default model is served on when its file is gone, as requests count on it.
    /// - Parameter onlySettled: Whether to leave a file alone for now that has changed since this was called last.
    /// - Returns: What has changed.
    /// - Throws: An error when the directory cannot be read, and `CancellationError`.
    public func reload(onlySettled: Bool = false) async throws -> ModelChanges {
        guard let directory else { return ModelChanges() }
        return try await turns.withSlot {
            var changes = ModelChanges()
            let files = try ModelFile.all(in: directory)
            // The default model first: without it nothing is served.
            for file in files.sorted(by: { $0.name == defaultName && $1.name != defaultName }) {
                try Task.checkCancellation()
                await update(file, onlySettled: onlySettled, changes: &changes)
            }
            entries.withLock { entries in
                for name in Set(entries.keys).subtracting(files.map(\.name)) where name != defaultName {
                    if entries.removeValue(forKey: name)?.detector != nil { changes.removed.append(name) }
                }
            }
            if !changes.isEmpty { didChange(models) }
            return changes
        }
    }

    private func update(_ file: ModelFile, onlySettled: Bool, changes: inout ModelChanges) async {
        let signature = FileSignature(of: file)
        let before = entries.withLock { $0[file.name] }
        guard signature != before?.signature else { return }
        if onlySettled, !settling.withLock({ $0.updateValue(signature, forKey: file.name) == signature }) { return }
        do {
            let detector = try await load(file)
            // One that was replaced while it was read may be half the one, half the other: the next look loads it again.
            let isSettled = FileSignature(of: file) == signature
            entries.withLock { $0[file.name] = Entry(detector: detector, signature: isSettled ? signature : nil) }
            if before?.detector == nil { changes.added.append(file.name) } else { changes.replaced.append(file.name) }
        } catch {
            entries.withLock { $0[file.name, default: Entry()].signature = signature }
            changes.failed[file.name] = (error as? InferenceError)?.message ?? "\(error)"
        }
    }
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
