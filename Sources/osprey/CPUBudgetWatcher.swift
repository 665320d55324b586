internal import DetectionService
internal import Inference
internal import Logging
internal import ServiceLifecycle

/// Adapts the service when the CPU that it may use changes, as by a new quota of its container.
struct CPUBudgetWatcher: Service {
    let configuration: ServeConfiguration
    let loader: ModelLoader
    let components: ServiceComponents
    let logger: Logger
    /// What the service was started with.
    let plan: InferencePlan

    /// Looks until the service shuts down.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            var current = plan
            // A service that throws, if only because it is cancelled, would end the others at once.
            while (try? await Task.sleep(for: .seconds(5))) != nil {
                let next = InferencePlan(configuration, budget: .current())
                guard next != current else { continue }
                do {
                    try await adapt(to: next, from: current)
                    current = next
                } catch {
                    // Cancelled, or models are being loaded; there is a next look.
                }
            }
        }
    }

    private func adapt(to next: InferencePlan, from current: InferencePlan) async throws {
        logger.notice("The CPU budget has changed", metadata: next.metadata)
        guard (next.streams, next.threads) != (current.streams, current.threads) else { return }
        loader.compile(for: next)
        try await components.models.reloadAll().log(to: logger)
        components.queue.resize(slots: next.slots)
    }
}
