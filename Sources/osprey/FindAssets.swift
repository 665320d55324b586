internal import Assets
internal import FoundationEssentials
internal import Scheduling

extension AssetFinder {
    /// Variable that names a folder with copies of what is public.
    static let mirrorVariable = "OSPREY_ASSETS_MIRROR"

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
        try await withTaskExecutorPreference(WorkerPool(threadCount: 1)) { try await body(self) }
    }
}
