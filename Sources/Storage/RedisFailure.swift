/// Why a connection to Redis or a command failed; may name the server, so it belongs in the log only.
enum RedisFailure: Error {
    /// No connection could be made, with the reason.
    case unreachable(String)
    /// The server or the network closed the connection.
    case closed
    case timedOut
    /// The reply is not one that Redis sends, with the reason.
    case invalidReply(String)
    /// Redis replied with an error.
    case refused(String)
}

extension RedisFailure {
    /// Whether Redis does not know a script yet.
    var isUnknownScript: Bool {
        if case .refused(let text) = self { text.hasPrefix("NOSCRIPT") } else { false }
    }
}

extension RedisFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .unreachable(let reason): "Redis cannot be reached: \(reason)"
        case .closed: "the connection to Redis was closed"
        case .timedOut: "Redis did not reply in time"
        case .invalidReply(let reason): "the server sent an invalid reply: \(reason)"
        case .refused(let text): "Redis returned an error: \(text)"
        }
    }
}

extension StorageError {
    /// Converts the failure of a connection or command.
    init(_ failure: RedisFailure) {
        switch failure {
        case .refused(let text): self.init(redisError: text)
        case .unreachable, .closed, .timedOut, .invalidReply: self = .unavailable(failure)
        }
    }

    /// Converts an error that Redis returned, by its error code.
    package init(redisError text: String) {
        let failure = RedisFailure.refused(text)
        // Before Redis 7, the code of an error within a script follows other text.
        let code = text.firstRange(of: ": -").map { text[$0.upperBound...] } ?? text[...]
        switch code.prefix(while: { $0 != " " }) {
        case "OOM":
            self.init(
                .full,
                "Redis is out of memory: delete pictures, or raise its maxmemory above the image store's quota",
                cause: failure
            )
        case "LOADING", "BUSY", "READONLY", "MASTERDOWN", "MISCONF", "NOREPLICAS", "TRYAGAIN", "CLUSTERDOWN":
            self = .unavailable(failure)
        case "ERR" where code.hasPrefix("ERR max number of clients"):
            self = .unavailable(failure)
        default:
            self.init(.failed, "Redis rejected a command: see the service's log for the reason", cause: failure)
        }
    }

    static func unavailable(_ cause: RedisFailure) -> StorageError {
        StorageError(
            .unavailable,
            "the image store cannot be reached: try again in a moment; see the service's log for the reason",
            cause: cause
        )
    }
}
