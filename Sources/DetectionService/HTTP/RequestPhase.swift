internal import Synchronization

/// The phase of a request, which determines its status after a timeout: 408 while its body is received, then 504.
final class RequestPhase: Sendable {
    private let isReceiving = Atomic<Bool>(false)

    /// Whether the client is still sending the body.
    var isReceivingBody: Bool { isReceiving.load(ordering: .relaxed) }

    func beginReceivingBody() { isReceiving.store(true, ordering: .relaxed) }
    func endReceivingBody() { isReceiving.store(false, ordering: .relaxed) }
}
