/// Why a connection to Redis is of no use any more; names the server, so it is for the log alone.
enum RedisFailure: Error {
    /// There is no connection, and why.
    case unreachable(String)
    /// The server has closed the connection, or the network has.
    case closed
    case timedOut
    /// What came is no answer that Redis gives.
    case invalidReply(String)
    /// Redis answered with an error.
    case refused(String)
}

extension RedisFailure {
    /// Whether Redis has not seen a script yet.
    var isUnknownScript: Bool {
        if case .refused(let text) = self { text.hasPrefix("NOSCRIPT") } else { false }
    }
}

extension RedisFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .unreachable(let reason): "Redis cannot be reached: \(reason)"
        case .closed: "Redis has closed the connection"
        case .timedOut: "Redis did not answer in time"
        case .invalidReply(let reason): "what answers is no Redis: \(reason)"
        case .refused(let text): "Redis refused: \(text)"
        }
    }
}

extension StorageError {
    /// Makes an error from a connection's failure.
    init(_ failure: RedisFailure) {
        switch failure {
        case .refused(let text): self.init(redisError: text)
        case .unreachable, .closed, .timedOut, .invalidReply: self = .unavailable(failure)
        }
    }

    /// Makes an error from what Redis answered to a command.
    package init(redisError text: String) {
        let failure = RedisFailure.refused(text)
        // Before version 7, an error within a script has its code further back.
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
            self.init(.failed, "Redis refuses the service: the service's log says why", cause: failure)
        }
    }

    static func unavailable(_ cause: RedisFailure) -> StorageError {
        StorageError(
            .unavailable,
            "the image store cannot be reached: try again in a moment; the service's log says why",
            cause: cause
        )
    }
}
