internal import Synchronization

/// Tells requests when the client at the other end of their connection has left.
final class ConnectionMonitor: Sendable {
    /// A connection that was opened; another may get its identifier once it is closed.
    struct Token: Hashable, Sendable {
        fileprivate var connection: ObjectIdentifier
        fileprivate var number: UInt64
    }

    private struct State {
        var number: UInt64 = 0
        var hasLeft = false
        var watcher: (@Sendable () -> Void)?
    }

    private struct Shared {
        var lastNumber: UInt64 = 0
        var states: [ObjectIdentifier: State] = [:]
    }

    private let shared = Mutex(Shared())

    func opened(_ connection: ObjectIdentifier) -> Token {
        shared.withLock { shared in
            shared.lastNumber += 1
            shared.states[connection] = State(number: shared.lastNumber)
            return Token(connection: connection, number: shared.lastNumber)
        }
    }

    func clientLeft(_ token: Token) {
        let watcher = shared.withLock { shared -> (@Sendable () -> Void)? in
            guard shared.states[token.connection]?.number == token.number else { return nil }
            shared.states[token.connection]?.hasLeft = true
            return shared.states[token.connection]?.watcher
        }
        watcher?()
    }

    /// Forgets a connection, which no request can come from any more.
    func closed(_ token: Token) {
        shared.withLock { shared in
            guard shared.states[token.connection]?.number == token.number else { return }
            shared.states[token.connection] = nil
        }
    }

    /// Has `watcher` called when the connection's client leaves, at once if it has left already; nil ends that.
    func watch(_ connection: ObjectIdentifier, _ watcher: (@Sendable () -> Void)?) {
        let hasLeft = shared.withLock { shared in
            shared.states[connection]?.watcher = watcher
            return shared.states[connection]?.hasLeft ?? false
        }
        if hasLeft { watcher?() }
    }
}
