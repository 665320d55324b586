internal import FoundationEssentials
package import Inference
package import Logging
internal import NIOPosix
internal import ObjectDetection
package import Scheduling
internal import Synchronization
package import YOLO

/// Loads, compiles and warms up models.
package final class ModelLoader: Sendable {
    private let runtime: Runtime
    private let configuration: Mutex<YOLODetector.Configuration>
    private let logger: Logger

    package init(runtime: Runtime, configuration: YOLODetector.Configuration, logger: Logger) {
        self.runtime = runtime
        self.configuration = Mutex(configuration)
        self.logger = logger
    }

    private var cacheDirectory: String? { configuration.withLock { $0.cacheDirectory } }

    /// Compiles models loaded from now on for `plan`.
    package func compile(for plan: InferencePlan) {
        configuration.withLock { configuration in
            configuration.compilation.streams = plan.streams
            configuration.compilation.threads = plan.threads
        }
    }

    /// Loads a model, on a thread that may block; a file that is not in the cache is tried in a process first.
    package func load(_ file: ModelFile) async throws -> YOLODetector {
        let start = ContinuousClock.now
        let configuration = configuration.withLock { $0 }
        try await tryUnlessCached(file, configuration)
        let detector = try await NIOThreadPool.singleton.runIfActive {
            try YOLODetector(file: file, configuration: configuration, runtime: self.runtime)
        }
        if let reason = detector.uncutReason { logger.notice("\(file.name) is served uncut: \(reason)") }
        if let directory = cacheDirectory, let reason = detector.cacheFailure {
            logger.notice(
                "The compiled model \(file.name) is not cached",
                metadata: ["cache": "\(directory)", "reason": "\(reason)"]
            )
        }
        let compiled = ContinuousClock.now
        try await detector.warmUp()
        logger.info(
            "Model loaded",
            metadata: [
                "model": "\(file.name)", "task": "\(detector.model.task)", "file": "\(file.path)",
                "classes": "\(detector.model.labels.count)", "precision": "\(detector.model.precision)",
                "device": "\(detector.model.device)",
                "openvino": "\(Runtime.version)", "load_seconds": "\(seconds(compiled - start))",
                "warm_up_seconds": "\(seconds(ContinuousClock.now - compiled))",
            ]
        )
        return detector
    }

    /// Tries a file in a process of its own, which also fills the cache.
    private func tryUnlessCached(_ file: ModelFile, _ configuration: YOLODetector.Configuration) async throws {
        let cached = try await NIOThreadPool.singleton.runIfActive {
            try configuration.cacheDirectory.map { "\($0)/\(try file.sha256())" }
        }
        if let cached, FileManager.default.fileExists(atPath: cached) { return }
        do {
            try await ModelTrial.run(file, configuration)
        } catch {
            // It may have been compiled before it failed.
            if let cached { try? FileManager.default.removeItem(atPath: cached) }
            throw error
        }
    }

    /// Removes cached compiled models of files that are no longer served.
    ///
    /// - Parameter hashes: SHA-256 of the files that are served, in hexadecimal digits.
    package func dropCompiledModels(but hashes: Set<String>) {
        guard let directory = cacheDirectory,
            let names = try? FileManager.default.contentsOfDirectory(atPath: directory)
        else { return }
        for name in names where name.utf8.count == 64 && name.allSatisfy(\.isHexDigit) && !hashes.contains(name) {
            try? FileManager.default.removeItem(atPath: "\(directory)/\(name)")
        }
    }

    private func seconds(_ duration: Duration) -> Double { (duration / .milliseconds(1)).rounded() / 1000 }
}
