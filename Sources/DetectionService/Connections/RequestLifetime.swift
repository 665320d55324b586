internal import HTTPTypes

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
        let departure = connections.watch(context.connection)
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(until: context.deadline, clock: .continuous)
                throw Self.lateness(of: call)
            }
            group.addTask {
                for await _ in departure {}
                try Task.checkCancellation()
                throw ClientLeft()
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
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
