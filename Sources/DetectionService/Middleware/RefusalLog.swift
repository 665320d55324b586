internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Logs how many requests were refused because the service is busy.
///
/// There may be thousands a second, so their number is logged every few seconds instead of a line for each.
final class RefusalLog: Sendable {
    private static let interval = TimeAmount.seconds(5)

    private let count = Atomic<Int>(0)
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// Counts a refusal; the first one schedules the line.
    func add() {
        guard count.add(1, ordering: .relaxed).oldValue == 0 else { return }
        MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: Self.interval) {
            let count = self.count.exchange(0, ordering: .relaxed)
            self.logger.warning("Refused \(count) requests within 5 s because the service is busy")
        }
    }
}
