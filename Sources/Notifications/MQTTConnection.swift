internal import CMosquitto
internal import Dispatch
internal import Foundation
internal import Glibc
internal import Synchronization

/// A connection to a broker, from its beginning to its end; a lost one is not opened again.
///
/// libmosquitto runs on a thread of its own. Its calls may be made from several threads.
final class MQTTConnection: Sendable {
    /// A message that the broker keeps for later subscribers, or sends on once.
    struct Message: Equatable, Sendable {
        var topic: String
        var payload: [UInt8]
        var isRetained = false
    }

    private struct Waiter {
        var continuation: CheckedContinuation<Void, any Error>
        var deadline: ContinuousClock.Instant
    }

    private struct State {
        /// Why the connection has ended.
        var failure: NotificationError?
        /// Numbers of messages whose receipt nobody waits for yet.
        var received: Set<Int32> = []
        var waiting: [Int32: Waiter] = [:]
        /// The last error that libmosquitto has logged.
        var logged: String?
        /// Whether another client's will has arrived.
        var isWillPublished = false
    }

    /// Number that stands for the connection among those of messages, which are positive.
    private static let opening: Int32 = 0
    /// Time for the broker to answer.
    private static let patience = Duration.seconds(10)
    private static let keepAliveSeconds: Int32 = 30
    private static let stepMilliseconds: Int32 = 100

    /// Done once in a process.
    private static let library: Int32 = mosquitto_lib_init()

    // libmosquitto: its functions are safe to call from several threads, but for those that set it up.
    private nonisolated(unsafe) let handle: OpaquePointer
    /// Wakes the thread, because there is something to send.
    private let wakeup: CInt
    private let destination: Destination
    private let will: Message
    private let state = Mutex(State())
    private let isStopped = Atomic<Bool>(false)

    /// Connects to a broker.
    ///
    /// - Parameters:
    ///   - destination: An address of mqtt or mqtts.
    ///   - will: What the broker publishes when the connection ends, however it does.
    ///   - authorities: Path of a file with trusted certificates, besides the system's.
    /// - Returns: The connection, which is open.
    /// - Throws: ``NotificationError`` or `CancellationError`.
    static func open(
        _ destination: Destination,
        will: Message,
        authorities: String?
    ) async throws -> MQTTConnection {
        let connection = try MQTTConnection(destination, will: will, authorities: authorities)
        connection.start()
        do {
            try await connection.wait(for: opening)
            try connection.subscribeToWill()
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    private init(_ destination: Destination, will: Message, authorities: String?) throws(NotificationError) {
        _ = Self.library
        let id = "osprey-\(String(UInt64.random(in: 0...UInt64.max), radix: 16))"
        let wakeup = cmosquitto_wakeup()
        guard wakeup >= 0 else { throw NotificationError("An event file: \(String(cString: strerror(errno)))") }
        guard let handle = mosquitto_new(id, true, nil) else {
            let reason = String(cString: strerror(errno))
            Glibc.close(wakeup)
            throw NotificationError("libmosquitto: \(reason)")
        }
        self.handle = handle
        self.wakeup = wakeup
        self.destination = destination
        self.will = will
        mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
        try Self.check(mosquitto_threaded_set(handle, true))
        if destination.user != nil || destination.password != nil {
            try Self.check(mosquitto_username_pw_set(handle, destination.user ?? "", destination.password))
        }
        if destination.isEncrypted {
            try Self.check(mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, 1))
            if let authorities { try Self.check(mosquitto_tls_set(handle, authorities, nil, nil, nil, nil)) }
            try Self.check(mosquitto_tls_opts_set(handle, 1, "tlsv1.2", nil))
        }
        try Self.check(
            mosquitto_will_set(handle, will.topic, Int32(will.payload.count), will.payload, 1, will.isRetained)
        )
        setCallbacks()
    }

    deinit {
        // Closes the socket without a farewell, so that the broker publishes the will.
        mosquitto_destroy(handle)
        Glibc.close(wakeup)
    }

    /// Publishes a message; returns when the broker has received it.
    ///
    /// - Throws: ``NotificationError`` if the connection is lost; `CancellationError`.
    func publish(_ message: Message) async throws {
        var number: Int32 = 0
        let code = mosquitto_publish(
            handle,
            &number,
            message.topic,
            Int32(message.payload.count),
            message.payload,
            1,
            message.isRetained
        )
        guard code == 0 else { throw failure(code) }
        wake()
        try await wait(for: number)
    }

    /// Publishes again what someone else's last will has replaced.
    ///
    /// - Throws: ``NotificationError`` if the connection is lost; `CancellationError`.
    func check(_ presence: Message) async throws {
        let isWillPublished = try state.withLock { state in
            if let failure = state.failure { throw failure }
            defer { state.isWillPublished = false }
            return state.isWillPublished
        }
        if isWillPublished { try await publish(presence) }
    }

    /// Ends the connection; the broker publishes the will.
    func close() {
        isStopped.store(true, ordering: .relaxed)
        wake()
    }

    /// Another replica with the same topics may end, and its will says so for all.
    private func subscribeToWill() throws(NotificationError) {
        let code = mosquitto_subscribe(handle, nil, will.topic, 1)
        guard code == 0 else { throw failure(code) }
        wake()
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, MemoryLayout<UInt64>.size)
    }

    private func start() {
        let thread = Thread { self.work() }
        thread.name = "mqtt"
        thread.start()
    }

    /// Serves the connection until it ends.
    private func work() {
        var code = mosquitto_connect_async(handle, destination.host, Int32(destination.port), Self.keepAliveSeconds)
        if code == 0, let reason = waitForSocket() {
            return end(NotificationError("\(destination.authority) cannot be reached: \(reason)"))
        }
        while code == 0, !isStopped.load(ordering: .relaxed) {
            code = step()
            endLateWaits()
        }
        end(code == 0 ? NotificationError("The connection was closed") : failure(code))
    }

    /// Sends and receives what there is, or waits for it; libmosquitto's own loop cannot do that with files above 1023.
    private func step() -> Int32 {
        let events = POLLIN | (mosquitto_want_write(handle) ? POLLOUT : 0)
        var files = [
            pollfd(fd: mosquitto_socket(handle), events: Int16(events), revents: 0),
            pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&files, 2, Self.stepMilliseconds)
        if files[1].revents != 0 {
            var count: UInt64 = 0
            _ = read(wakeup, &count, MemoryLayout<UInt64>.size)
        }
        var code: Int32 = 0
        if files[0].revents & ~Int16(POLLOUT) != 0 { code = mosquitto_loop_read(handle, 1) }
        if code == 0, mosquitto_want_write(handle) { code = mosquitto_loop_write(handle, 1) }
        return code == 0 ? mosquitto_loop_misc(handle) : code
    }

    /// Waits until the socket is connected; libmosquitto does not notice, with TLS, that the broker's machine refuses it.
    ///
    /// - Returns: Why it is not; nil if it is.
    private func waitForSocket() -> String? {
        var socket = pollfd(fd: mosquitto_socket(handle), events: Int16(POLLOUT), revents: 0)
        while poll(&socket, 1, Self.stepMilliseconds) == 0, !isStopped.load(ordering: .relaxed) { endLateWaits() }
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        let isKnown = getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0
        return isKnown && error == 0 ? nil : String(cString: strerror(isKnown ? error : errno))
    }

    private func endLateWaits() {
        let now = ContinuousClock.now
        let late = state.withLock { state in
            let late = state.waiting.filter { $0.value.deadline < now }
            for number in late.keys { state.waiting[number] = nil }
            return late.values
        }
        for waiter in late {
            let seconds = Self.patience / .seconds(1)
            waiter.continuation.resume(
                throwing: NotificationError("\(destination.authority) has not answered for \(Int(seconds)) seconds")
            )
        }
    }

    private func end(_ failure: NotificationError) {
        let waiting = state.withLock { state in
            state.failure = state.failure ?? failure
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for waiter in waiting { waiter.continuation.resume(throwing: failure) }
    }

    private func wait(for number: Int32) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Result<Void, any Error>? in
                    if state.received.remove(number) != nil { return .success(()) }
                    if let failure = state.failure { return .failure(failure) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiting[number] = Waiter(continuation: continuation, deadline: .now + Self.patience)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.continuation
                .resume(throwing: CancellationError())
        }
    }

    private func received(_ number: Int32) {
        let waiter = state.withLock { state in
            let waiter = state.waiting.removeValue(forKey: number)
            if waiter == nil { state.received.insert(number) }
            return waiter
        }
        waiter?.continuation.resume()
    }

    private func opened(_ code: Int32) {
        if code == 0 {
            received(Self.opening)
        } else {
            let reason = String(cString: mosquitto_connack_string(code))
            end(NotificationError("\(destination.authority) refuses the connection: \(reason)"))
        }
    }

    private func setCallbacks() {
        mosquitto_connect_callback_set(handle) { _, object, code in MQTTConnection.of(object)?.opened(code) }
        mosquitto_publish_callback_set(handle) { _, object, number in MQTTConnection.of(object)?.received(number) }
        mosquitto_log_callback_set(handle) { _, object, level, text in
            guard level == MOSQ_LOG_ERR, let text else { return }
            let line = String(cString: text)
            MQTTConnection.of(object)?.state.withLock { $0.logged = line }
        }
        mosquitto_message_callback_set(handle) { _, object, message in
            guard let connection = MQTTConnection.of(object), let message = message?.pointee else { return }
            let payload = UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen))
            guard Array(payload) == connection.will.payload else { return }
            connection.state.withLock { $0.isWillPublished = true }
        }
    }

    /// The connection that callbacks are for; they come on its thread, which keeps it.
    private static func of(_ object: UnsafeMutableRawPointer?) -> MQTTConnection? {
        object.map { Unmanaged<MQTTConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    private func failure(_ code: Int32) -> NotificationError {
        let system = String(cString: strerror(errno))
        let reason =
            state.withLock(\.logged)
            ?? (code == MOSQ_ERR_ERRNO.code ? system : String(cString: mosquitto_strerror(code)))
        return NotificationError("\(destination.authority) cannot be reached, or the connection broke: \(reason)")
    }

    private static func check(_ code: Int32) throws(NotificationError) {
        guard code != 0 else { return }
        throw NotificationError("libmosquitto: \(String(cString: mosquitto_strerror(code)))")
    }
}

extension mosq_err_t {
    /// The code as functions return it.
    fileprivate var code: Int32 { Int32(rawValue) }
}
