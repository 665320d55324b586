internal import Assets
internal import Logging
internal import YOLO

extension Serve {
    /// What to serve.
    struct ServedAssets {
        /// Folder of all models.
        var models: String
        /// Name of the default model.
        var model: String
        /// Name and folder of the pictures; nil if there are none.
        var dataset: (name: String, directory: String)?
    }

    /// Finds the model and the pictures that were configured, or the usual ones, and fetches what is missing.
    func findAssets(_ configuration: ServeConfiguration, logger: Logger) async throws -> ServedAssets {
        let finder = try AssetFinder(
            models: configuration.models,
            data: configuration.data,
            mayDownload: configuration.mayDownload,
            progress: DownloadProgress(logger: logger)
        )
        let model = try await finder.requiredModel(named: configuration.model, in: configuration.models)
        logger.info("Model \(model.file.name): \(model.file.path), \(model.origin)")
        var dataset: AssetFinder.Dataset?
        do {
            dataset = try await finder.perform { finder throws(AssetError) in
                try await finder.dataset(named: configuration.dataset, for: model)
            }
        } catch let error as AssetError {
            let message = "\(error.message). Put a folder of pictures there, or choose another with --dataset."
            // A missing dataset is an error only if it was configured explicitly.
            guard configuration.dataset == nil else { throw CommandError(message) }
            logger.warning("\(message)")
        }
        if let dataset { logger.info("Dataset \(dataset.name): \(dataset.directory), \(dataset.origin)") }
        let obstacles = model.obstacles + (dataset?.obstacles ?? [])
        if !obstacles.isEmpty {
            let parts = [model.isDemo ? "model" : nil, dataset?.isDemo ?? false ? "pictures" : nil].compactMap { $0 }
            let subject =
                parts.isEmpty
                ? "\(AssetFinder.preferredModels[0]) is not served"
                : "The demo's \(parts.joined(separator: " and ")) are served"
            logger.warning("\(subject): \(Set(obstacles).sorted().joined(separator: "; "))")
        }
        return ServedAssets(
            models: model.file.directory,
            model: model.file.name,
            dataset: dataset.map { ($0.name, $0.directory) }
        )
    }
}

extension ModelFile {
    /// The folder that the file is in.
    fileprivate var directory: String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }
}
