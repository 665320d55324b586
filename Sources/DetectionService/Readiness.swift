internal import Synchronization

/// Whether requests should be sent to this process.
package final class Readiness: Sendable {
    private let isDraining = Mutex(false)

    package init() {}

    /// False from the start of the shutdown on.
    package var isReady: Bool { isDraining.withLock { !$0 } }

    /// Reports from now on that the process is not ready.
    package func beginDraining() { isDraining.withLock { $0 = true } }
}
