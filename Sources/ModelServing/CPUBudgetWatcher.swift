package import Logging
package import Scheduling
internal import ServiceLifecycle

/// Adapts models and queues when the CPU budget changes, for example through a new container quota.
package struct CPUBudgetWatcher: Service {
    private let plan: InferencePlan
    private let makePlan: @Sendable (CPUBudget) -> InferencePlan
    private let loader: ModelLoader
    private let registry: ModelRegistry
    private let didAdapt: @Sendable (InferencePlan) -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - plan: The plan that the service started with.
    ///   - makePlan: Makes the plan for another budget.
    ///   - loader: Compiles models for the new plan.
    ///   - registry: Reloads its models.
    ///   - logger: Receives changes.
    ///   - didAdapt: Called with the new plan once the models are compiled for it.
    package init(
        plan: InferencePlan,
        makePlan: @escaping @Sendable (CPUBudget) -> InferencePlan,
        loader: ModelLoader,
        registry: ModelRegistry,
        logger: Logger,
        didAdapt: @escaping @Sendable (InferencePlan) -> Void
    ) {
        self.plan = plan
        self.makePlan = makePlan
        self.loader = loader
        self.registry = registry
        self.didAdapt = didAdapt
        self.logger = logger
    }

    /// Polls until the service shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var current = plan
            // If this service threw, even a cancellation, the group would stop the others immediately.
            while (try? await Task.sleep(for: .seconds(5))) != nil {
                let next = makePlan(.current())
                guard next != current else { continue }
                do {
                    try await adapt(to: next, from: current)
                    current = next
                } catch {
                    // Cancelled, or models are being loaded: retry at the next poll.
                }
            }
        }
    }

    private func adapt(to next: InferencePlan, from current: InferencePlan) async throws {
        logger.notice("The CPU budget has changed", metadata: next.metadata)
        guard (next.streams, next.threads) != (current.streams, current.threads) else { return }
        loader.compile(for: next)
        try await registry.reloadAll().log(to: logger)
        didAdapt(next)
    }
}

extension InferencePlan {
    /// The plan as metadata of a log line.
    package var metadata: Logger.Metadata {
        [
            "cores": "\(budget.cores)", "physical_cores": "\(budget.physicalCores)", "affinity": "\(budget.affinity)",
            "quota": "\(budget.quota.map { "\($0)" } ?? "none")", "streams": "\(streams)", "threads": "\(threads)",
        ]
    }
}
