internal import DetectionService
internal import GRPCCore
internal import Synchronization

extension InferenceModels {
    /// Answers the messages of a stream until its client ends it, or the service shuts down between two messages.
    ///
    /// A client that waits would keep the service from stopping.
    ///
    /// - Throws: ``Problem`` with `notReady` when the service shuts down; errors of the stream and `body`.
    func answer<Message: Sendable>(
        _ messages: RPCAsyncSequence<Message, any Error>,
        _ body: @escaping @Sendable (Message) async throws -> Void
    ) async throws {
        let stream = StreamState()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for try await message in messages {
                    stream.isIdle.store(false, ordering: .relaxed)
                    try await body(message)
                    stream.isIdle.store(true, ordering: .relaxed)
                }
            }
            group.addTask {
                while isReady || !stream.isIdle.load(ordering: .relaxed) { try await Task.sleep(for: Self.interval) }
                throw Problem(.notReady, "The service is shutting down.")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Time between two looks at the readiness while a stream is open.
    private static let interval = Duration.milliseconds(200)
}

/// Whether a stream waits for its client's next message.
private final class StreamState: Sendable {
    let isIdle = Atomic(true)
}
