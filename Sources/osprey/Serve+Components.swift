internal import DetectionService
internal import FoundationEssentials
internal import Inference
internal import Logging
internal import ObjectDetection
internal import Storage
internal import YOLO

extension Serve {
    /// Loads what the service is made of; when this returns it is ready to serve.
    func startComponents(_ configuration: ServeConfiguration, logger: Logger) async throws -> ServiceComponents {
        let budget = CPUBudget.current()
        let streams = configuration.streams ?? budget.cores
        let threads = configuration.threads ?? max(streams, budget.cores)
        logger.info(
            "CPU budget",
            metadata: [
                "cores": "\(budget.cores)", "affinity": "\(budget.affinity)",
                "quota": "\(budget.quota.map { "\($0)" } ?? "none")", "streams": "\(streams)", "threads": "\(threads)",
            ]
        )
        let dataset = try openDataset(configuration, logger: logger)
        let store = try FileImageStore(directory: configuration.store, quotaBytes: configuration.storeQuotaBytes)
        for warning in store.warnings { logger.warning("Store: \(warning)") }

        let compilation = CompileOptions(precision: configuration.precision, streams: streams, threads: threads)
        let detector = try await loadDetector(
            configuration,
            detector: YOLODetector.Configuration(compilation: compilation, inputShape: configuration.inputShape),
            logger: logger
        )
        // Twice as many slots as streams: while a stream works on one picture, the next is decoded.
        let queue = WorkQueue(slots: 2 * streams, capacity: configuration.queue)
        return ServiceComponents(
            settings: configuration.service,
            pictures: PictureLibrary(dataset: dataset, store: store),
            models: ModelRegistry(defaultDetector: detector),
            queue: queue
        )
    }

    private func openDataset(_ configuration: ServeConfiguration, logger: Logger) throws -> Dataset? {
        let name = configuration.dataset ?? "coco128"
        let directory = "\(configuration.data)/\(name)"
        guard FileManager.default.fileExists(atPath: directory) else {
            let message = "There is no dataset \(directory): run `make assets`, or put a folder of pictures there."
            // Who asked for it wants it; who did not may be content with pictures of their own.
            guard configuration.dataset == nil else { throw CommandError(message) }
            logger.warning("\(message)")
            return nil
        }
        let dataset = try Dataset(name: name, directory: directory)
        for warning in dataset.warnings { logger.warning("Dataset: \(warning)") }
        return dataset
    }

    private func loadDetector(
        _ configuration: ServeConfiguration,
        detector: YOLODetector.Configuration,
        logger: Logger
    ) async throws -> YOLODetector {
        let start = ContinuousClock.now
        let file = try modelFile(configuration)
        let runtime = try Runtime(cacheDirectory: cacheDirectory(configuration, logger: logger))
        let loaded: YOLODetector
        do {
            loaded = try YOLODetector(file: file, name: configuration.model, configuration: detector, runtime: runtime)
        } catch let error as InferenceError {
            throw CommandError("\(file) cannot be served: \(error.message)")
        }
        if let reason = loaded.uncutReason { logger.notice("\(loaded.model.name) is served whole: \(reason)") }
        let compiled = ContinuousClock.now
        try await loaded.warmUp()
        logger.info(
            "Model loaded",
            metadata: [
                "model": "\(loaded.model.name)", "classes": "\(loaded.model.labels.count)",
                "precision": "\(loaded.model.precision)", "openvino": "\(Runtime.version)",
                "load_seconds": "\(seconds(compiled - start))",
                "warm_up_seconds": "\(seconds(ContinuousClock.now - compiled))",
            ]
        )
        return loaded
    }

    private func modelFile(_ configuration: ServeConfiguration) throws -> String {
        let stem = "\(configuration.models)/\(configuration.model)"
        if let file = ["onnx", "xml"].map({ "\(stem).\($0)" }).first(where: FileManager.default.fileExists(atPath:)) {
            return file
        }
        if FileManager.default.fileExists(atPath: "\(stem).pt") {
            throw CommandError(
                "\(stem).pt is a checkpoint, which this version does not read yet: export it with YOLOv5's export.py "
                    + "(--include onnx) and put \(configuration.model).onnx beside it."
            )
        }
        throw CommandError(
            "There is no model \(stem).onnx or .xml: run `make assets`, or put an export of YOLOv5 there, or name "
                + "another model with --model."
        )
    }

    private func cacheDirectory(_ configuration: ServeConfiguration, logger: Logger) -> String? {
        do {
            try FileManager.default.createDirectory(atPath: configuration.cache, withIntermediateDirectories: true)
            return configuration.cache
        } catch {
            logger.notice("Compiled models are not kept: \(configuration.cache) cannot be made. Try --cache.")
            return nil
        }
    }

    private func seconds(_ duration: Duration) -> Double { (duration / .milliseconds(1)).rounded() / 1000 }
}
