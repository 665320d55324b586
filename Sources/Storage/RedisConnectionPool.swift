internal import Dispatch
internal import Synchronization

/// A bounded number of connections to one Redis, which come back by themselves after it was away.
///
/// While it is away, one caller after the other tries to connect, at growing distances of up to
/// ``RedisReconnection/maximumDelay``; all others fail at once.
final class RedisConnectionPool: Sendable {
    private struct State {
        /// The ones that were used last are at the end, and are used first.
        var idle: [RedisConnection] = []
        var reconnection = RedisReconnection()
        var failure = RedisFailure.closed
    }

    private let address: RedisAddress
    private let trust: RedisTrust?
    private let timeouts: RedisConnection.Timeouts
    private let permits: DispatchSemaphore
    private let state = Mutex(State())

    /// Connects to nothing yet.
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

    /// Sends a command and waits for its answer, which may be an error.
    ///
    /// A command may be sent twice, where the server closes the connection: it has to be one that does no harm then.
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
                    // It may have been closed long ago, by a server that was restarted or does not like idle clients.
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
