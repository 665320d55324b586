internal import Synchronization

/// Whether requests should be sent to this process.
public final class Readiness: Sendable {
    private let isDraining = Mutex(false)

    /// True until the process begins to shut down.
    public var isReady: Bool { isDraining.withLock { !$0 } }

    /// Says that no more requests should come.
    public func beginDraining() { isDraining.withLock { $0 = true } }
}
