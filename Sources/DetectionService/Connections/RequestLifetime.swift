internal import HTTPTypes
internal import NIOCore
internal import Synchronization

/// Thrown where nobody waits for the answer any more.
struct ClientLeft: Error {}

extension ServiceComponents {
    /// Runs a request's work until its deadline, and no longer than its client stays.
    ///
    /// The work is cancelled then: what waits leaves the queue, what runs ends at its next step.
    func withinLifetime<Result: Sendable>(
        of call: Call,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let context = call.context
        let work = Task(executorPreference: EventLoopExecutor(context.eventLoop), operation: body)
        let end = LifetimeEnd(cancel: { work.cancel() })
        let rest = TimeAmount(context.deadline - .now)
        let timer = context.eventLoop.scheduleTask(in: rest) { end.set(Self.lateness(of: call)) }
        connections.watch(context.connection) { end.set(ClientLeft()) }
        defer {
            timer.cancel()
            connections.watch(context.connection, nil)
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

    private static func lateness(of call: Call) -> Problem {
        let isReceiving =
            !call.operation.body.isEmpty && !call.context.stages.recorded.contains { $0.stage == .receive }
        return isReceiving
            ? Problem(
                .slowRequest,
                "The request's body did not arrive in time; send it faster, or a smaller picture.",
                headers: [.connection: "close"]
            )
            : Problem(
                .deadlineExceeded,
                "The request's time was over before it was done; try again when less is going on."
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
