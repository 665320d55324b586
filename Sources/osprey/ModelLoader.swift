internal import FoundationEssentials
internal import Inference
internal import Logging
internal import NIOPosix
internal import ObjectDetection
internal import Synchronization
internal import YOLO

/// Loads models for the service.
final class ModelLoader: Sendable {
    private let runtime: Runtime
    private let configuration: Mutex<YOLODetector.Configuration>
    private let logger: Logger

    init(runtime: Runtime, configuration: YOLODetector.Configuration, logger: Logger) {
        self.runtime = runtime
        self.configuration = Mutex(configuration)
        self.logger = logger
    }

    private var cacheDirectory: String? { configuration.withLock { $0.cacheDirectory } }

    /// Compiles what is loaded from now on for a plan.
    func compile(for plan: InferencePlan) {
        configuration.withLock { configuration in
            configuration.compilation.streams = plan.streams
            configuration.compilation.threads = plan.threads
        }
    }

    /// Loads, compiles and warms up a model; compiling keeps a thread busy, so it has one of its own.
    func load(_ file: ModelFile) async throws -> YOLODetector {
        let start = ContinuousClock.now
        let detector = try await NIOThreadPool.singleton.runIfActive {
            try YOLODetector(file: file, configuration: self.configuration.withLock { $0 }, runtime: self.runtime)
        }
        if let reason = detector.uncutReason { logger.notice("\(file.name) is served whole: \(reason)") }
        if let directory = cacheDirectory, let reason = detector.cacheFailure {
            logger.notice(
                "The compiled form of \(file.name) is not kept",
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
                "openvino": "\(Runtime.version)", "load_seconds": "\(seconds(compiled - start))",
                "warm_up_seconds": "\(seconds(ContinuousClock.now - compiled))",
            ]
        )
        return detector
    }

    /// Removes from the cache what was compiled of files that are not served any more.
    func dropCompiledModels(but hashes: Set<String>) {
        guard let directory = cacheDirectory,
            let names = try? FileManager.default.contentsOfDirectory(atPath: directory)
        else { return }
        for name in names where name.utf8.count == 64 && name.allSatisfy(\.isHexDigit) && !hashes.contains(name) {
            try? FileManager.default.removeItem(atPath: "\(directory)/\(name)")
        }
    }

    private func seconds(_ duration: Duration) -> Double { (duration / .milliseconds(1)).rounded() / 1000 }
}
