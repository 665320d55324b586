/// A blocking connection to Redis.
///
/// Discard the connection after any failure: a late reply could be taken for the reply to the next command.
///
/// Unchecked `Sendable`: the pool lends a connection to one caller at a time.
final class RedisConnection: @unchecked Sendable {
    /// Time limits of a connection.
    struct Timeouts {
        /// For establishing a connection, including TLS, login and the first reply.
        var connect: Duration
        /// For a command and its reply; every mebibyte transferred restarts it.
        var command: Duration
    }

    private let socket: RedisSocket
    private let commandTimeout: Duration
    private let buffer = RawBuffer(byteCount: 64 * 1024)

    /// Connects, logs in, selects the database and waits for a first reply.
    init(_ address: RedisAddress, trust: RedisTrust?, timeouts: Timeouts) throws(RedisFailure) {
        var deadline = RedisDeadline(timeouts.connect)
        socket = try RedisSocket(address, trust: trust, timeout: timeouts.connect, &deadline)
        commandTimeout = timeouts.command
        if let password = address.password {
            try greet(["AUTH"] + [address.user, password].compactMap { $0.map(RedisArgument.text) }, &deadline)
        }
        if address.database != 0 { try greet(["SELECT", .number(address.database)], &deadline) }
        // Detect a server that accepts connections but never replies while connecting, so that one caller waits for it
        // and the others fail at once.
        try greet(["PING"], &deadline)
    }

    /// Sends a command and waits for its reply, which may be an error.
    ///
    /// - Parameters:
    ///   - command: The command's name and arguments.
    ///   - replyLimit: Maximum size of the reply, in bytes.
    /// - Returns: The reply.
    /// - Throws: ``RedisFailure``.
    func send(_ command: [RedisArgument], replyLimit: Int) throws(RedisFailure) -> RedisReply {
        var deadline = RedisDeadline(commandTimeout)
        return try send(command, replyLimit: replyLimit, &deadline)
    }

    private func greet(_ command: [RedisArgument], _ deadline: inout RedisDeadline) throws(RedisFailure) {
        switch try send(command, replyLimit: 4096, &deadline) {
        case .status: return
        case .error(let text): throw .refused(text)
        case .null, .integer, .bytes, .array: throw .invalidReply("unexpected type while connecting")
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
            guard byteCount <= replyLimit else { throw .invalidReply("more than \(replyLimit) bytes") }
            if let reply = try reader.feed(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])) { return reply }
        }
    }
}
