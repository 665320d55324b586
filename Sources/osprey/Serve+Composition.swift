internal import DecodeWorkers
internal import DetectionPipeline
internal import DetectionService
internal import FoundationEssentials
internal import Imaging
internal import Inference
internal import Logging
internal import ModelServing
internal import NIOPosix
internal import ObjectDetection
internal import Scheduling
internal import ServiceLifecycle
internal import Storage
internal import YOLO

extension Serve {
    /// The loaded parts of the service.
    struct Parts {
        var pictures: PictureLibrary
        var models: ModelRegistry
        var pipeline: DetectionPipeline
        var storeMonitor: StoreMonitor?
        /// Services that run alongside the HTTP server.
        var watchers: [any Service]
    }

    /// Loads everything that the service needs before it can listen.
    func loadParts(
        _ configuration: ServeConfiguration,
        _ assets: ServedAssets,
        logger: Logger
    ) async throws -> Parts {
        let plan = InferencePlan(configuration, budget: .current())
        logger.info("CPU budget", metadata: plan.metadata)
        let decoder = try startDecoder(configuration, slots: plan.slots, logger: logger)
        let dataset = try assets.dataset.map { try openDataset($0.name, in: $0.directory, logger: logger) }
        let (store, storeMonitor) = try openStore(configuration, logger: logger)
        let loader = try makeLoader(configuration, plan: plan, logger: logger)
        let models = try await loadModels(assets, by: loader, logger: logger)
        // All models share the queue, so that several models do not process more pictures at a time than one.
        let queue = WorkQueue(slots: plan.slots, capacity: configuration.queue ?? 8 * plan.streams)
        let pipeline = DetectionPipeline(
            decoder: decoder,
            queue: queue,
            // Enough for the largest number of slots, as many that are lent, slices, and pictures that are read and
            // written without a slot.
            workers: WorkerPool(threadCount: 3 * max(queue.slots, 2 * plan.budget.affinity) + 4)
        )
        var watchers: [any Service] = [
            CPUBudgetWatcher(
                plan: plan,
                makePlan: { InferencePlan(configuration, budget: $0) },
                loader: loader,
                registry: models,
                logger: logger,
                didAdapt: { pipeline.resize(slots: $0.slots) }
            )
        ]
        if configuration.modelWatch > .zero {
            watchers.append(ModelWatcher(registry: models, interval: configuration.modelWatch, logger: logger))
        }
        if let storeMonitor { watchers.append(storeMonitor) }
        return Parts(
            pictures: PictureLibrary(dataset: dataset, store: store),
            models: models,
            pipeline: pipeline,
            storeMonitor: storeMonitor,
            watchers: watchers
        )
    }

    /// Starts the processes that decode pictures.
    private func startDecoder(
        _ configuration: ServeConfiguration,
        slots: Int,
        logger: Logger
    ) throws -> PictureDecoder {
        let options = DecodingOptions(
            limits: ImageLimits(
                maximumBytes: configuration.service.maximumBodyBytes,
                maximumPixels: configuration.service.maximumPixels
            ),
            embeddedProfile: configuration.embeddedProfile,
            acceptsTruncated: configuration.acceptsTruncated
        )
        // Early enough for an answer before the request's deadline.
        let seconds = Int(min(10, max(1, configuration.service.requestTimeout / .seconds(4))))
        let workers = DecodeWorkerPool(
            limits: .init(idleCount: slots, cpuSeconds: seconds, maximumPixels: options.limits.maximumPixels)
        )
        let fences = try workers.start()
        logger.info(
            "Pictures are decoded in processes of their own",
            metadata: ["count": "\(slots)", "fences": "\(fences.joined(separator: ", "))"]
        )
        return PictureDecoder(options, workers: workers)
    }

    private func openStore(
        _ configuration: ServeConfiguration,
        logger: Logger
    ) throws -> (any ImageStore, StoreMonitor?) {
        guard let address = configuration.redis else {
            let (directory, quota) = (configuration.store, configuration.storeQuotaBytes)
            let store: FileImageStore
            do throws(StorageError) {
                store = try FileImageStore(directory: directory, quotaBytes: quota)
            } catch {
                throw explained(error, "The store \(directory) cannot be used", "choose another with --store")
            }
            for warning in store.warnings { logger.warning("Store: \(warning)") }
            return (store, nil)
        }
        let store = try RedisImageStore(
            address,
            quotaBytes: configuration.storeQuotaBytes,
            timeToLiveSeconds: configuration.storeTimeToLiveSeconds
        )
        do throws(StorageError) {
            try store.check()
            logger.info("Pictures are stored in Redis", metadata: ["address": "\(address)"])
        } catch let error where error.code == .unavailable {
            logger.warning("Redis is not reachable yet", metadata: ["address": "\(address)", "reason": "\(error)"])
        } catch {
            throw CommandError("The store cannot be used: \(error.message).")
        }
        return (store, StoreMonitor(store: store, logger: logger))
    }

    /// Adds to an error of the storage what it is about and what to do.
    private func explained(_ error: StorageError, _ finding: String, _ advice: String) -> CommandError {
        CommandError("\(finding): \(error.systemReason.map { "\($0); \(advice)" } ?? error.message).")
    }

    private func openDataset(_ name: String, in directory: String, logger: Logger) throws -> Dataset {
        let dataset: Dataset
        do throws(StorageError) {
            dataset = try Dataset(name: name, directory: directory)
        } catch {
            throw explained(error, "The dataset \(directory) cannot be read", "choose another with --dataset")
        }
        for warning in dataset.warnings { logger.warning("Dataset: \(warning)") }
        return dataset
    }

    private func makeLoader(
        _ configuration: ServeConfiguration,
        plan: InferencePlan,
        logger: Logger
    ) throws -> ModelLoader {
        ModelLoader(
            runtime: try Runtime(),
            configuration: YOLODetector.Configuration(
                compilation: CompileOptions(
                    device: configuration.device,
                    precision: configuration.precision,
                    streams: plan.streams,
                    threads: plan.threads
                ),
                isRectangular: configuration.isRectangular,
                cacheDirectory: cacheDirectory(configuration, logger: logger),
                background: { work in NIOThreadPool.singleton.submit { _ in work() } }
            ),
            logger: logger
        )
    }

    /// Loads the models of the folder; only the default one is required, failures of others are logged.
    private func loadModels(
        _ assets: ServedAssets,
        by loader: ModelLoader,
        logger: Logger
    ) async throws -> ModelRegistry {
        let registry = ModelRegistry(
            directory: assets.models,
            defaultName: assets.model,
            load: { try await loader.load($0) },
            didChange: { loader.dropCompiledModels(but: Set($0.map(\.sha256))) }
        )
        let changes: ModelChanges
        do {
            changes = try await registry.reload()
        } catch is ModelServingError {
            throw CommandError("The folder \(assets.models) cannot be read: name another with --models.")
        }
        changes.log(to: logger)
        guard registry.models.contains(where: { $0.name == assets.model }) else {
            let file = try ModelFile.all(in: assets.models).first { $0.name == assets.model }
            let reason = changes.failed[assets.model] ?? "it was removed"
            throw CommandError("\(file?.path ?? assets.model) cannot be served: \(reason).")
        }
        return registry
    }

    private func cacheDirectory(_ configuration: ServeConfiguration, logger: Logger) -> String? {
        do {
            try FileManager.default.createDirectory(atPath: configuration.cache, withIntermediateDirectories: true)
            return configuration.cache
        } catch {
            logger.notice(
                "Compiled models are not cached: \(configuration.cache) cannot be created; choose another with --cache."
            )
            return nil
        }
    }
}

extension InferencePlan {
    fileprivate init(_ configuration: ServeConfiguration, budget: CPUBudget) {
        self.init(streams: configuration.streams, threads: configuration.threads, budget: budget)
    }
}
