internal import HTTPTypes
internal import NIOCore
internal import Scheduling
internal import Synchronization

/// The client disconnected before it got its response.
struct ClientLeft: Error {}

extension ServiceContext {
    /// Runs a request's work until its deadline, or until its client disconnects.
    ///
    /// The work is then cancelled: waiting work leaves the queue, running work ends at its next step.
    func withinLifetime<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let work = Task(executorPreference: EventLoopExecutor(eventLoop), operation: body)
        let end = LifetimeEnd(cancel: { work.cancel() })
        let timer = eventLoop.scheduleTask(in: TimeAmount(deadline - .now)) { end.set(timeout) }
        connection?.value.watchClient { end.set(ClientLeft()) }
        defer {
            timer.cancel()
            connection?.value.watchClient(nil)
        }
        do {
            return try await withTaskCancellationHandler {
                try await work.value
            } onCancel: {
                work.cancel()
            }
        } catch {
            throw end.reason ?? error
        }
    }

    private var timeout: Problem {
        phase.isReceivingBody
            ? Problem(
                .slowRequest,
                "The request's body did not arrive in time; send it faster, or send a smaller picture.",
                headers: [.connection: "close"]
            )
            : Problem(
                .deadlineExceeded,
                "The deadline passed before the request finished; try again when the service is less busy."
            )
    }
}

/// Why a request's work was cancelled, if it was.
private final class LifetimeEnd: Sendable {
    private let cancel: @Sendable () -> Void
    private let first = Mutex<(any Error)?>(nil)

    init(cancel: @escaping @Sendable () -> Void) {
        self.cancel = cancel
    }

    var reason: (any Error)? { first.withLock { $0 } }

    func set(_ reason: any Error) {
        first.withLock { $0 = $0 ?? reason }
        cancel()
    }
}
