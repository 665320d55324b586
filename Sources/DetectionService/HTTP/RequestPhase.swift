internal import Synchronization

/// Which part of a request is in progress, which decides the status when its time is up: 408 or 504.
final class RequestPhase: Sendable {
    private let isReceiving = Atomic<Bool>(false)

    /// Whether the client is still sending the body.
    var isReceivingBody: Bool { isReceiving.load(ordering: .relaxed) }

    func beginReceivingBody() { isReceiving.store(true, ordering: .relaxed) }
    func endReceivingBody() { isReceiving.store(false, ordering: .relaxed) }
}
