package import Logging
internal import NIOPosix
internal import ServiceLifecycle
package import Storage
internal import Synchronization

/// Polls whether the store is usable, so that health checks need not wait for it.
package final class StoreMonitor: Service {
    private let store: any ImageStore
    private let interval: Duration
    private let logger: Logger
    private let failure = Mutex<StorageError.Code?>(nil)

    /// Watches a store.
    ///
    /// - Parameters:
    ///   - store: The store; it counts as available until the first poll.
    ///   - interval: Time between two polls.
    ///   - logger: Receives changes.
    package init(store: any ImageStore, interval: Duration = .seconds(1), logger: Logger) {
        self.store = store
        self.interval = interval
        self.logger = logger
    }

    /// Whether the store was usable at the last poll.
    package var isAvailable: Bool { failure.withLock { $0 == nil } }

    /// Polls until the service shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            repeat {
                await self.look()
                // If this service threw, even a cancellation, the group would stop the others immediately.
            } while (try? await Task.sleep(for: self.interval)) != nil
        }
    }

    private func look() async {
        // Not on the service's worker threads: all of them may be waiting for the store.
        let result: Result<Void, StorageError>? = try? await NIOThreadPool.singleton.runIfActive { [store] in
            do throws(StorageError) {
                return .success(try store.check())
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success:
            let wasAway = failure.withLock { $0.take() != nil }
            if wasAway { logger.notice("The store can be used again") }
        case .failure(let error):
            let isNews = failure.withLock { failure in
                defer { failure = error.code }
                return failure != error.code
            }
            if isNews { logger.error("The store cannot be used", metadata: ["reason": "\(error)"]) }
        case nil: break
        }
    }
}
