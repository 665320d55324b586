internal import Dispatch
internal import Synchronization

/// A bounded pool of connections to one Redis, which reconnects automatically after an outage.
///
/// During an outage one caller at a time tries to connect, at increasing intervals of up to
/// ``RedisReconnection/maximumDelay``; all others fail at once.
final class RedisConnectionPool: Sendable {
    private struct State {
        /// Used as a stack: the most recently used connection is last, and is reused first.
        var idle: [RedisConnection] = []
        var reconnection = RedisReconnection()
        var failure = RedisFailure.closed
    }

    private let address: RedisAddress
    private let trust: RedisTrust?
    private let timeouts: RedisConnection.Timeouts
    private let permits: DispatchSemaphore
    private let state = Mutex(State())

    /// Creates a pool that connects on demand.
    init(
        _ address: RedisAddress,
        connectionCount: Int,
        timeouts: RedisConnection.Timeouts
    ) throws(StorageError) {
        self.address = address
        self.timeouts = timeouts
        trust = address.isEncrypted ? try RedisTrust(authorities: address.authorities) : nil
        permits = DispatchSemaphore(value: connectionCount)
    }

    /// Sends a command and waits for its reply, which may be an error.
    ///
    /// Commands must be idempotent: one is sent a second time if the server closes a pooled connection.
    func send(_ command: [RedisArgument], replyLimit: Int) throws(StorageError) -> RedisReply {
        guard permits.wait(timeout: .now() + timeouts.command / .seconds(1)) == .success else {
            throw .unavailable(.timedOut)
        }
        defer { permits.signal() }
        do throws(RedisFailure) {
            if let connection = state.withLock({ $0.idle.popLast() }) {
                do throws(RedisFailure) {
                    return try send(command, replyLimit, through: connection)
                } catch .closed {
                    // The server may have restarted, or closed the connection because it was idle: use a new one.
                }
            }
            return try send(command, replyLimit, through: connect())
        } catch {
            throw StorageError(error)
        }
    }

    private func send(
        _ command: [RedisArgument],
        _ replyLimit: Int,
        through connection: RedisConnection
    ) throws(RedisFailure) -> RedisReply {
        let reply = try connection.send(command, replyLimit: replyLimit)
        state.withLock { $0.idle.append(connection) }
        return reply
    }

    private func connect() throws(RedisFailure) -> RedisConnection {
        try state.withLock { state throws(RedisFailure) in
            guard state.reconnection.mayBegin(at: .now) else { throw state.failure }
        }
        do throws(RedisFailure) {
            let connection = try RedisConnection(address, trust: trust, timeouts: timeouts)
            state.withLock { $0.reconnection.didSucceed() }
            return connection
        } catch {
            state.withLock {
                $0.failure = error
                $0.reconnection.didFail(at: .now, jitter: .random(in: 0.5...1))
            }
            throw error
        }
    }
}
