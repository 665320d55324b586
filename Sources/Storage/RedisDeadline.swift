internal import Glibc

/// A deadline for sending or receiving bytes.
///
/// Every mebibyte transferred renews it: a large picture on a slow network succeeds, a trickle of bytes times out.
struct RedisDeadline {
    private static let renewalBytes = 1 << 20

    private let timeout: Duration
    private var end: ContinuousClock.Instant
    private var movedBytes = 0

    init(_ timeout: Duration) {
        self.timeout = timeout
        end = .now + timeout
    }

    mutating func didMove(byteCount: Int) {
        movedBytes += byteCount
        guard movedBytes >= Self.renewalBytes else { return }
        movedBytes = 0
        end = .now + timeout
    }

    /// Waits until a socket is readable or writable.
    func wait(for events: Int32, on socket: Int32) throws(RedisFailure) {
        while true {
            let remaining = ContinuousClock.now.duration(to: end)
            guard remaining > .zero else { throw .timedOut }
            // Round up: a timeout of 0 ms would spin through the last millisecond.
            let milliseconds = Int32(clamping: Int(remaining / .milliseconds(1)) + 1)
            var entry = pollfd(fd: socket, events: Int16(events), revents: 0)
            switch poll(&entry, 1, milliseconds) {
            case 1...: return
            case 0: throw .timedOut
            default: guard errno == EINTR else { throw .closed }
            }
        }
    }
}
