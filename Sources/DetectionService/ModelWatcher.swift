public import Logging
public import ServiceLifecycle

/// Brings a registry up to date with its directory now and then.
public struct ModelWatcher: Service {
    private let registry: ModelRegistry
    private let interval: Duration
    private let logger: Logger

    /// Watches a registry's directory.
    ///
    /// - Parameters:
    ///   - registry: The models.
    ///   - interval: Time between two looks. A file is loaded when it was the same at two of them.
    ///   - logger: Where changes are told.
    public init(registry: ModelRegistry, interval: Duration, logger: Logger) {
        self.registry = registry
        self.interval = interval
        self.logger = logger
    }

    /// Looks until the service shuts down.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            // A service that throws, if only because it is cancelled, would end the others at once.
            while (try? await Task.sleep(for: interval)) != nil {
                do {
                    try await registry.reload(onlySettled: true).log(to: logger)
                } catch let error as ModelFolderError {
                    logger.warning("The models' folder cannot be read: \(error.cause)")
                } catch {
                    // Cancelled, or loads are asked for faster than they are done; there is a next look.
                }
            }
        }
    }
}

extension ModelChanges {
    /// Tells which models are gone and which could not be loaded; who loads one tells of that.
    public func log(to logger: Logger) {
        for name in removed { logger.info("Model removed", metadata: ["model": "\(name)"]) }
        for (name, reason) in failed {
            logger.warning("Model not loaded", metadata: ["model": "\(name)", "reason": "\(reason)"])
        }
    }
}
