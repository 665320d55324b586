package import Logging
internal import ServiceLifecycle

/// Polls a registry's directory and loads changed models.
package struct ModelWatcher: Service {
    private let registry: ModelRegistry
    private let interval: Duration
    private let logger: Logger

    /// Watches a registry's directory.
    ///
    /// - Parameters:
    ///   - registry: The models.
    ///   - interval: Time between two polls. A changed file is loaded once it is the same in two consecutive polls.
    ///   - logger: Receives changes.
    package init(registry: ModelRegistry, interval: Duration, logger: Logger) {
        self.registry = registry
        self.interval = interval
        self.logger = logger
    }

    /// Polls until the service shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            // If this service threw, even a cancellation, the group would stop the others immediately.
            while (try? await Task.sleep(for: interval)) != nil {
                do {
                    try await registry.reload(onlySettled: true).log(to: logger)
                } catch let error as ModelServingError where error.code == .unreadableDirectory {
                    logger.warning("\(error.message)", metadata: ["reason": "\(error.cause.map { "\($0)" } ?? "")"])
                } catch {
                    // Cancelled, or other reloads are waiting: retry at the next poll.
                }
            }
        }
    }
}
