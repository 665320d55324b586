import Foundation
import Storage

/// A socket listening on 127.0.0.1.
final class Listener: Sendable {
    let descriptor: Int32
    let port: Int

    /// Starts to listen; port 0 selects any free port.
    init(port: Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        self.descriptor = descriptor
        self.port = Int(UInt16(bigEndian: address.sin_port))
        guard isListening else {
            close()
            throw StorageError(.failed, "cannot listen on port \(port)")
        }
    }

    func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        _ = Foundation.close(descriptor)
    }
}

/// A fake Redis server: on each connection it replies to commands with its answers in order, then repeats the last one.
final class RedisImpostor: Sendable {
    struct Pace {
        let byteCount: Int
        let pauseSeconds: TimeInterval
    }

    private let listener: Listener

    /// Starts to listen; an answer of nil sends nothing, and an empty one closes the connection.
    ///
    /// With a pace, all answers but the first of a connection are sent in pieces, with a pause after each.
    init(_ answers: [[UInt8]?], pace: Pace? = nil) throws {
        let listener = try Listener(port: 0)
        self.listener = listener
        Thread {
            while true {
                let connection = accept(listener.descriptor, nil, nil)
                guard connection >= 0 else { return }
                Thread { Self.serve(connection, answers, pace) }.start()
            }
        }.start()
    }

    deinit {
        listener.close()
    }

    private static func serve(_ connection: Int32, _ answers: [[UInt8]?], _ pace: Pace?) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var next = 0
        while recv(connection, &buffer, buffer.count, 0) > 0 {
            let answer = answers[min(next, answers.count - 1)]
            next += 1
            guard let answer else { continue }
            guard !answer.isEmpty else { break }
            guard let pace, next > 1 else {
                guard sendAll(connection, answer[...]) else { break }
                continue
            }
            for start in stride(from: 0, to: answer.count, by: pace.byteCount) {
                guard sendAll(connection, answer[start...].prefix(pace.byteCount)) else { break }
                Thread.sleep(forTimeInterval: pace.pauseSeconds)
            }
        }
        close(connection)
    }

    private static func sendAll(_ connection: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Returns a store that connects to the impostor.
    func store(timeout: Duration = .seconds(2)) throws -> RedisImageStore {
        try RedisImageStore(
            RedisAddress("redis://127.0.0.1:\(listener.port)"),
            connectTimeout: timeout,
            commandTimeout: timeout
        )
    }
}
