public import Logging
internal import NIOPosix
public import ServiceLifecycle
public import Storage
internal import Synchronization

/// Looks now and then whether the store can be used, and remembers it for those who must not wait for the answer.
public final class StoreMonitor: Service {
    private let store: any ImageStore
    private let interval: Duration
    private let logger: Logger
    private let failure = Mutex<StorageError.Code?>(nil)

    /// Watches a store.
    ///
    /// - Parameters:
    ///   - store: The store, which counts as available until it was looked at.
    ///   - interval: Time between two looks.
    ///   - logger: Where changes are told.
    public init(store: any ImageStore, interval: Duration = .seconds(1), logger: Logger) {
        self.store = store
        self.interval = interval
        self.logger = logger
    }

    /// Whether the store could be used at the last look.
    public var isAvailable: Bool { failure.withLock { $0 == nil } }

    /// Looks until the service shuts down.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            repeat {
                await self.look()
                // A service that throws, if only because it is cancelled, would end the others at once.
            } while (try? await Task.sleep(for: self.interval)) != nil
        }
    }

    private func look() async {
        // Not on a worker of the service: these may all be waiting for the store.
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
