internal import Assets
internal import FoundationEssentials
internal import Scheduling
internal import YOLO

extension AssetFinder {
    /// Variable that names a folder with copies of what is public.
    static let mirrorVariable = "OSPREY_ASSETS_MIRROR"

    private static let worker = WorkerPool(threadCount: 1)

    /// Makes a finder that shows the progress of downloads.
    ///
    /// - Parameters:
    ///   - models: Folder with models.
    ///   - data: Folder with data sets.
    ///   - mayDownload: Whether public addresses are tried.
    ///   - progress: Shows how downloads proceed.
    /// - Throws: `AssetError` if the mirror cannot be used.
    init(
        models: String,
        data: String,
        mayDownload: Bool,
        progress: DownloadProgress = DownloadProgress()
    ) throws {
        let environment = ProcessInfo.processInfo.environment
        let mirror = environment[Self.mirrorVariable].flatMap { $0.isEmpty ? nil : $0 }
        self.init(
            models: models,
            data: data,
            demo: Installation.demo,
            mirror: try mirror.map { try Mirror($0) },
            mayDownload: mayDownload,
            environment: environment,
            progress: { progress.update($0, done: $1, total: $2) }
        )
    }

    /// Uses the finder on a thread that may wait for files.
    ///
    /// - Throws: `AssetError`.
    func perform<Result: Sendable>(
        _ body: @Sendable (AssetFinder) async throws(AssetError) -> Result
    ) async throws -> Result {
        try await withTaskExecutorPreference(Self.worker) { try await body(self) }
    }

    /// Finds a model, and says what to do if there is none.
    ///
    /// - Parameters:
    ///   - name: The model's name; nil for the best that there is.
    ///   - directory: The finder's folder with models.
    /// - Returns: The model.
    /// - Throws: ``CommandError`` if there is no such model.
    func requiredModel(named name: String?, in directory: String) async throws -> Model {
        do {
            return try await perform { finder throws(AssetError) in try await finder.model(named: name) }
        } catch let error as AssetError {
            let others = ((try? ModelFile.all(in: directory)) ?? []).map(\.name).joined(separator: ", ")
            throw CommandError(
                "\(error.message). Put a model in \(directory), or name another with --model"
                    + "\(others.isEmpty ? "" : " (\(others))")."
            )
        }
    }
}
