/// One connection to Redis, which blocks its caller until the answer is there.
///
/// After any failure the connection must not be used again, as an answer may still be on its way.
///
/// Unchecked, as the pool gives a connection to one caller at a time.
final class RedisConnection: @unchecked Sendable {
    /// How long things may take.
    struct Timeouts {
        /// For a connection, with all that is said until it can be used.
        var connect: Duration
        /// For the answer to a command, or for the next mebibyte of it.
        var command: Duration
    }

    private let socket: RedisSocket
    private let commandTimeout: Duration
    private let buffer = RawBuffer(byteCount: 64 * 1024)

    /// Connects, logs in, chooses the database and waits for a first answer.
    init(_ address: RedisAddress, trust: RedisTrust?, timeouts: Timeouts) throws(RedisFailure) {
        var deadline = RedisDeadline(timeouts.connect)
        socket = try RedisSocket(address, trust: trust, timeout: timeouts.connect, &deadline)
        commandTimeout = timeouts.command
        if let password = address.password {
            try greet(["AUTH"] + [address.user, password].compactMap { $0.map(RedisArgument.text) }, &deadline)
        }
        if address.database != 0 { try greet(["SELECT", .number(address.database)], &deadline) }
        // A server that accepts connections and does nothing else is found out here, once for all callers.
        try greet(["PING"], &deadline)
    }

    /// Sends a command and waits for its answer, which may be an error.
    ///
    /// - Parameters:
    ///   - command: The command's name and arguments.
    ///   - replyLimit: The longest answer that is read, in bytes.
    /// - Returns: The answer.
    /// - Throws: ``RedisFailure``.
    func send(_ command: [RedisArgument], replyLimit: Int) throws(RedisFailure) -> RedisReply {
        var deadline = RedisDeadline(commandTimeout)
        return try send(command, replyLimit: replyLimit, &deadline)
    }

    private func greet(_ command: [RedisArgument], _ deadline: inout RedisDeadline) throws(RedisFailure) {
        switch try send(command, replyLimit: 4096, &deadline) {
        case .status: return
        case .error(let text): throw .refused(text)
        case .null, .integer, .bytes, .array: throw .invalidReply("a greeting of another kind")
        }
    }

    private func send(
        _ command: [RedisArgument],
        replyLimit: Int,
        _ deadline: inout RedisDeadline
    ) throws(RedisFailure) -> RedisReply {
        try socket.write(command.encoded, &deadline)
        let reader = try RedisReplyReader()
        var byteCount = 0
        while true {
            let count = try socket.read(into: buffer.bytes, &deadline)
            byteCount += count
            guard byteCount <= replyLimit else { throw .invalidReply("an answer of more than \(replyLimit) bytes") }
            if let reply = try reader.feed(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])) { return reply }
        }
    }
}
