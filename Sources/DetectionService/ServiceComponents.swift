internal import CoreMetrics
internal import HTTPTypes
public import Inference
internal import NIOPosix

/// What the service is made of.
public struct ServiceComponents: Sendable {
    /// Limits and times.
    public let settings: ServiceSettings
    /// Pictures by id.
    public let pictures: PictureLibrary
    /// Models by name.
    public let models: ModelRegistry
    /// Admits what decodes, infers and encodes.
    public let queue: WorkQueue
    /// Whether the store can be used; nil where that is not in question.
    public let storeMonitor: StoreMonitor?
    /// Whether requests should be sent here.
    public let readiness: Readiness

    let metrics: PrometheusRegistry
    let workers: NIOThreadPool
    let workerExecutor: WorkerExecutor
    let memoryBudget: ByteBudget
    let connections = ConnectionMonitor()

    /// Puts the parts together and starts the worker threads.
    ///
    /// - Parameters:
    ///   - settings: Limits and times.
    ///   - pictures: Pictures by id.
    ///   - models: Models by name.
    ///   - queue: Admits what decodes, infers and encodes.
    ///   - storeMonitor: Knows whether the store can be used; to be run by the caller. Nil for one that always can.
    public init(
        settings: ServiceSettings,
        pictures: PictureLibrary,
        models: ModelRegistry,
        queue: WorkQueue,
        storeMonitor: StoreMonitor? = nil
    ) {
        self.settings = settings
        self.pictures = pictures
        self.models = models
        self.queue = queue
        self.storeMonitor = storeMonitor
        readiness = Readiness()
        metrics = PrometheusRegistry(descriptions: ServiceMetrics.descriptions)
        memoryBudget = ByteBudget(limit: settings.maximumBodyBytesInFlight)
        // For as many slots as there may ever be; beside their work, pictures are read and written without a slot.
        workers = NIOThreadPool(numberOfThreads: max(queue.slots, 2 * CPUBudget.current().affinity) + 4)
        workers.start()
        workerExecutor = WorkerExecutor(pool: workers)
    }

    /// Runs blocking work on a worker thread; a task that is cancelled does not begin it.
    func work<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try Task.checkCancellation()
        return try await withCheckedThrowingContinuation { continuation in
            workers.submit { state in
                continuation.resume(
                    with: Swift.Result {
                        guard state == .active else { throw CancellationError() }
                        return try body()
                    }
                )
            }
        }
    }

    /// Waits for a slot of the queue and runs `body` in it.
    ///
    /// - Parameters:
    ///   - context: The request that it is for, which says until when it is of use.
    ///   - flow: Whose share of the queue it takes: a model's by its name.
    ///   - body: The work.
    /// - Returns: What `body` returns.
    /// - Throws: ``Problem`` (503) when the queue refuses it, and what `body` throws.
    func withSlot<Result: Sendable>(
        _ context: ServiceContext,
        flow: String = "",
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await queue.withSlot(flow: flow, deadline: context.deadline) {
                context.stages.end(.queue)
                return try await body()
            }
        } catch let error as InferenceError where error.code == .queueFull {
            throw Problem(.busy, error.message, headers: [.retryAfter: retryAfterSeconds])
        }
    }

    /// Seconds after which a refused client should come again, at least 1.
    var retryAfterSeconds: String { String(max(1, Int(queue.estimatedWaitSeconds.rounded(.up)))) }
}
