internal import Synchronization

/// Tells requests when the client at the other end of their connection has left.
final class ConnectionMonitor: Sendable {
    private let watchers = Mutex<[ObjectIdentifier: AsyncStream<Never>.Continuation]>([:])

    /// A stream that ends when the connection's client leaves.
    func watch(_ connection: ObjectIdentifier) -> AsyncStream<Never> {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        watchers.withLock { $0[connection] = continuation }
        return stream
    }

    func unwatch(_ connection: ObjectIdentifier) {
        watchers.withLock { _ = $0.removeValue(forKey: connection) }
    }

    func clientLeft(_ connection: ObjectIdentifier) {
        watchers.withLock { $0.removeValue(forKey: connection) }?.finish()
    }
}
