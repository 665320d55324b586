internal import CHiredis
internal import Glibc

/// A TCP connection, optionally encrypted with TLS, that sends and receives bytes until a deadline.
final class RedisSocket {
    private let descriptor: Int32
    private var tls: RedisTLS?
    /// Buffer for encrypted bytes.
    private let chunk = RawBuffer(byteCount: 64 * 1024)

    /// Connects within the timeout, and completes the TLS handshake before the deadline.
    ///
    /// Neither covers resolving the host name, which has the system's own timeout.
    init(
        _ address: RedisAddress,
        trust: RedisTrust?,
        timeout: Duration,
        _ deadline: inout RedisDeadline
    ) throws(RedisFailure) {
        let seconds = timeout / .seconds(1)
        let limit = timeval(tv_sec: Int(seconds), tv_usec: Int((seconds - seconds.rounded(.down)) * 1_000_000))
        guard let context = redisConnectWithTimeout(address.host, Int32(address.port), limit) else {
            throw .unreachable("out of memory for a connection")
        }
        guard context.pointee.err == 0 else {
            defer { redisFree(context) }
            let reason = withUnsafeBytes(of: context.pointee.errstr) { String(terminated: $0) }
            throw .unreachable("\(address.host):\(address.port): \(reason)")
        }
        redisEnableKeepAlive(context)
        descriptor = redisFreeKeepFd(context)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)

        guard let trust else { return }
        let tls = try RedisTLS(host: address.host, trust: trust)
        self.tls = tls
        while try !tls.handshake() {
            try exchange(tls, &deadline)
        }
        try sendEncrypted(tls, &deadline)
    }

    deinit {
        close(descriptor)
    }

    /// Sends all of the bytes.
    func write(_ bytes: [UInt8], _ deadline: inout RedisDeadline) throws(RedisFailure) {
        // An array's `withUnsafeBytes` does not support closures with typed throws.
        try bytes.withUnsafeBufferPointer { bytes throws(RedisFailure) in
            let bytes = UnsafeRawBufferPointer(bytes)
            guard let tls else { return try send(bytes, &deadline) }
            for start in stride(from: 0, to: bytes.count, by: chunk.bytes.count) {
                let end = min(start + chunk.bytes.count, bytes.count)
                try tls.encrypt(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                try sendEncrypted(tls, &deadline)
            }
        }
    }

    /// Waits for bytes; returns the number of bytes read into the buffer.
    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        _ deadline: inout RedisDeadline
    ) throws(RedisFailure) -> Int {
        guard let tls else { return try receive(into: buffer, &deadline) }
        while true {
            if let count = try tls.decrypt(into: buffer) { return count }
            try exchange(tls, &deadline)
        }
    }

    private func exchange(_ tls: RedisTLS, _ deadline: inout RedisDeadline) throws(RedisFailure) {
        try sendEncrypted(tls, &deadline)
        let count = try receive(into: chunk.bytes, &deadline)
        try tls.receive(UnsafeRawBufferPointer(rebasing: chunk.bytes[..<count]))
    }

    private func sendEncrypted(_ tls: RedisTLS, _ deadline: inout RedisDeadline) throws(RedisFailure) {
        while true {
            let count = tls.takeOutgoing(into: chunk.bytes)
            guard count > 0 else { return }
            try send(UnsafeRawBufferPointer(rebasing: chunk.bytes[..<count]), &deadline)
        }
    }

    private func send(_ bytes: UnsafeRawBufferPointer, _ deadline: inout RedisDeadline) throws(RedisFailure) {
        var sent = 0
        while sent < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            let count = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                sent += count
                deadline.didMove(byteCount: count)
            } else {
                try wait(for: POLLOUT, deadline)
            }
        }
    }

    private func receive(
        into buffer: UnsafeMutableRawBufferPointer,
        _ deadline: inout RedisDeadline
    ) throws(RedisFailure) -> Int {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            guard count != 0 else { throw .closed }
            if count > 0 {
                deadline.didMove(byteCount: count)
                return count
            }
            try wait(for: POLLIN, deadline)
        }
    }

    /// Waits if the last call would have blocked; throws if it failed for another reason.
    private func wait(for events: Int32, _ deadline: RedisDeadline) throws(RedisFailure) {
        switch errno {
        case EAGAIN: try deadline.wait(for: events, on: descriptor)
        case EINTR: return
        default: throw .closed
        }
    }
}

/// Memory that is freed with its owner, even if the owner's initialiser throws.
final class RawBuffer {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) {
        bytes = .allocate(byteCount: byteCount, alignment: 16)
    }

    deinit {
        bytes.deallocate()
    }
}
