internal import Basics
internal import FoundationEssentials
internal import Glibc
package import YOLO

/// Finds a model and a data set to serve, and fetches them if there are none.
///
/// They come from the folders, from a mirror, from public addresses, or from the demo that belongs to the program. Only
/// verified files get their names, so this can be killed at any time.
package struct AssetFinder: Sendable {
    /// A model.
    package struct Model: Sendable {
        package let file: ModelFile
        /// Where it is from.
        package let origin: String
        /// Whether it is the demo's.
        package let isDemo: Bool
        /// Why it is not a better one; each reason once.
        package let obstacles: [String]
    }

    /// A data set.
    package struct Dataset: Sendable {
        package let name: String
        /// Its folder.
        package let directory: String
        package let origin: String
        package let isDemo: Bool
        package let obstacles: [String]
    }

    /// Models that are served if none is named, the best first.
    package static let preferredModels = ["yolov5s", "yolov5n"]
    /// The data set that is served if none is named.
    package static let defaultDataset = "coco128"
    /// Name of the demo's model and of its data set.
    package static let demoName = "shapes"

    private let models: String
    private let data: String
    private let demo: String?
    private let mirror: Mirror?
    private let downloader: Downloader?

    /// Makes a finder.
    ///
    /// - Parameters:
    ///   - models: Folder with models.
    ///   - data: Folder with data sets.
    ///   - demo: Folder of the demo, with `models/` and `data/`.
    ///   - mirror: Folder with copies of public files.
    ///   - mayDownload: Whether public addresses are tried.
    ///   - environment: Variables, for the proxy.
    ///   - progress: Receives a file's name, and how many of its bytes have arrived.
    package init(
        models: String,
        data: String,
        demo: String?,
        mirror: Mirror?,
        mayDownload: Bool,
        environment: [String: String],
        progress: @escaping @Sendable (_ name: String, _ done: Int, _ total: Int) -> Void
    ) {
        self.models = models
        self.data = data
        self.demo = demo
        self.mirror = mirror
        downloader = mayDownload ? Downloader(environment: environment, progress: progress) : nil
    }

    /// Finds a model.
    ///
    /// - Parameter name: The model's name; nil for a preferred model, another one of the folder, or the demo.
    /// - Returns: The model.
    /// - Throws: ``AssetError`` with all reasons why there is none.
    package func model(named name: String?) async throws(AssetError) -> Model {
        var there: [ModelFile] = []
        if FileManager.default.fileExists(atPath: models) {
            do {
                there = try ModelFile.all(in: models)
            } catch {
                throw AssetError("The folder \(models) cannot be read")
            }
        }
        func model(_ file: ModelFile, _ origin: String, obstacles: [String] = []) -> Model {
            Model(file: file, origin: origin, isDemo: false, obstacles: obstacles)
        }
        for name in name.map({ [$0] }) ?? Self.preferredModels {
            if let file = there.first(where: { $0.name == name }) { return model(file, "already there") }
        }
        // An int8 model gives other results than its source, so it is served only on request.
        if name == nil, let own = there.first(where: { !$0.name.hasSuffix("-int8") }) {
            return model(own, "the first one there")
        }
        if name == Self.demoName, let demo = demoModel(obstacles: []) { return demo }
        var obstacles: [String] = []
        for name in name.map({ [$0] }) ?? Self.preferredModels {
            do throws(AssetError) {
                let (file, origin) = try await fetch(model: name)
                return model(file, origin, obstacles: obstacles)
            } catch {
                if !obstacles.contains(error.message) { obstacles.append(error.message) }
            }
        }
        if name == nil, let demo = demoModel(obstacles: obstacles) { return demo }
        throw AssetError("There is no model\(name.map { " \($0)" } ?? ""): \(obstacles.joined(separator: "; "))")
    }

    /// Finds a data set.
    ///
    /// - Parameters:
    ///   - name: Its name; nil for the default one, or the demo's.
    ///   - model: The model that it is for: the demo's model gets the demo's pictures.
    /// - Returns: The data set.
    /// - Throws: ``AssetError`` with all reasons why there is none.
    package func dataset(named name: String?, for model: Model) async throws(AssetError) -> Dataset {
        let wanted = name ?? (model.isDemo ? Self.demoName : Self.defaultDataset)
        let obstacle: String
        do throws(AssetError) {
            let (directory, origin) = try await fetch(dataset: wanted)
            return Dataset(name: wanted, directory: directory, origin: origin, isDemo: false, obstacles: [])
        } catch {
            obstacle = error.message
        }
        if name == nil || name == Self.demoName, let demo {
            return Dataset(
                name: Self.demoName,
                directory: "\(demo)/data/\(Self.demoName)",
                origin: "the demo",
                isDemo: true,
                obstacles: wanted == Self.demoName ? [] : [obstacle]
            )
        }
        throw AssetError("There is no dataset \(data)/\(wanted): \(obstacle)")
    }

    private func demoModel(obstacles: [String]) -> Model? {
        guard let demo, let file = ModelFile(path: "\(demo)/models/\(Self.demoName).pt") else { return nil }
        return Model(file: file, origin: "the demo", isDemo: true, obstacles: obstacles)
    }

    /// Copies or downloads a model to the folder.
    private func fetch(model name: String) async throws(AssetError) -> (ModelFile, origin: String) {
        let targets = ModelFile.Format.allCases.compactMap { ModelFile(path: "\(models)/\(name).\($0.rawValue)") }
        let remote = RemoteFile.known.first { file in targets.contains { $0.path == "\(models)/\(file.name)" } }
        let copy = targets.first { file in file.parts.allSatisfy { mirror?.has(mirrored($0)) ?? false } }
        guard let target = copy ?? remote.flatMap({ ModelFile(path: "\(models)/\($0.name)") }) else {
            throw AssetError("neither \(models)/\(name).pt, .onnx or .xml exists, nor a known public address")
        }
        let downloader = copy == nil ? try downloader(of: "\(models)/\(name).pt") : nil
        return try await locked(models) { () throws(AssetError) in
            // Another process may have fetched it meanwhile.
            if let file = targets.first(where: { FileManager.default.fileExists(atPath: $0.path) }) {
                return (file, "already there")
            }
            if let downloader, let remote {
                try await downloader.download(remote, to: target.path)
                return (target, "from \(remote.url)")
            }
            // An IR's weights first, so that a model that exists has them.
            for part in target.parts.reversed() { try mirror?.copy(mirrored(part), to: part) }
            return (target, "copied from \(mirror?.folder ?? "")")
        }
    }

    /// Path of a part of a model in a mirror.
    private func mirrored(_ part: String) -> String { "models/\(part.dropFirst(models.count + 1))" }

    private func downloader(of path: String) throws(AssetError) -> Downloader {
        guard let downloader else { throw AssetError("there is no \(path), and downloads are turned off") }
        return downloader
    }

    /// Copies or downloads a data set to the folder, and unpacks it.
    private func fetch(dataset name: String) async throws(AssetError) -> (directory: String, origin: String) {
        let (directory, archive) = ("\(data)/\(name)", "\(data)/\(name).zip")
        func isThere() -> Bool { (try? FileManager.default.contentsOfDirectory(atPath: directory))?.isEmpty == false }
        if isThere() { return (directory, "already there") }
        let remote = RemoteFile.known.first { $0.name == "\(name).zip" }
        let copies = mirror?.has("\(name).zip") ?? false
        let isArchived = FileManager.default.fileExists(atPath: archive)
        guard copies || isArchived || remote != nil else { throw AssetError("no public address of one is known") }
        let downloader = isArchived || copies ? nil : try downloader(of: archive)
        return try await locked(data) { () throws(AssetError) in
            if isThere() { return (directory, "already there") }
            // An empty folder may be in the way.
            rmdir(directory)
            if FileManager.default.fileExists(atPath: archive) {
                try Archive(archive).extract(to: directory)
                return (directory, "unpacked from \(archive)")
            }
            let origin: String
            if let downloader, let remote {
                try await downloader.download(remote, to: archive)
                origin = "from \(remote.url)"
            } else {
                try mirror?.copy("\(name).zip", to: archive)
                origin = "copied from \(mirror?.folder ?? "")"
            }
            try Archive(archive).extract(to: directory)
            unlink(archive)
            return (directory, origin)
        }
    }

    /// Creates a folder, and runs the body while no other process fetches something to it.
    private func locked<Result>(
        _ folder: String,
        _ body: () async throws(AssetError) -> Result
    ) async throws(AssetError) -> Result {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw AssetError("the folder \(folder) cannot be created")
        }
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw AssetError("the folder \(folder) cannot be opened") }
        // Which also unlocks it.
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { break }
            do {
                try await Task.sleep(for: .milliseconds(100))
            } catch {
                throw AssetError("the wait for another process that fetches to \(folder) was cancelled")
            }
        }
        return try await body()
    }
}
