internal import Basics
internal import Foundation
internal import Logging
internal import Scheduling
internal import Streams
internal import Synchronization

/// Sends the events of streams to one receiver, in their order, each at least once.
///
/// The history on disk is what waits to be sent; a file says how far the receiver has come. While it does not answer, the
/// same event is tried again.
final class SubscriptionRunner: KeptRunner {
    /// What all subscriptions share.
    struct Environment: Sendable {
        var hub: StreamHub
        var workers: WorkerPool
        /// Folder of the files that say how far receivers have come.
        var directory: String
        /// Path of a file with trusted certificates, besides the system's.
        var authorities: String?
        var logger: Logger
    }

    /// Pauses after failures in a row, in seconds.
    private static let pauses: [Double] = [1, 2, 4, 8, 16, 30, 60]
    /// How often an event is tried that the receiver rejects as invalid.
    private static let maximumRejections = 3
    /// Seconds after which an event is no longer sent.
    private static let maximumAge = 86_400.0
    private static let batch = 100
    /// How often streams are looked at for what brokers keep.
    private static let interval = Duration.seconds(1)

    let name: String
    let configuration: SubscriptionConfiguration
    private let environment: Environment
    private let current = Mutex(SubscriptionState())
    /// The event that was rejected as invalid last, and how often.
    private let rejection = Mutex<(id: String, count: Int)>(("", 0))
    private let known = Mutex<SubscriptionProgress?>(nil)
    private let hasProgressFailed = Atomic<Bool>(false)
    private let logger: Logger

    init(_ name: String, _ configuration: SubscriptionConfiguration, _ environment: Environment) {
        self.name = name
        self.configuration = configuration
        self.environment = environment
        var logger = environment.logger
        logger[metadataKey: "subscription"] = .string(name)
        self.logger = logger
    }

    var state: SubscriptionState { current.withLock { $0 } }

    /// Whether the receiver takes events, and has not yet got all that there are.
    var isSending: Bool {
        guard state.phase == .running, let progress = known.withLock({ $0 }) else { return false }
        return environment.hub.history.lastIDs.contains { stream, newest in
            configuration.filter.accepts(stream: stream) && progress.lastID(of: stream) ?? "" < newest
        }
    }

    private var path: String { "\(environment.directory)/\(name).json" }

    func run() async {
        var failures = 0
        // Files are read and written on threads that may block.
        await withTaskExecutorPreference(environment.workers) {
            while !Task.isCancelled {
                let sent = state.sent
                do {
                    try await deliver()
                } catch {
                    guard !Task.isCancelled else { break }
                    failures = state.sent > sent ? 1 : failures + 1
                    await pause(after: error, failures: failures)
                }
            }
        }
    }

    func forget() async {
        await withTaskExecutorPreference(environment.workers) {
            guard let progress = try? SubscriptionProgress(path, of: configuration.destination) else { return }
            if !progress.topics.isEmpty {
                // What brokers keep of the streams.
                let receiver = try? await receiver()
                try? await receiver?.update([], progress)
                await receiver?.close()
            }
            progress.remove()
        }
    }

    func isContinued(by configuration: SubscriptionConfiguration) -> Bool {
        configuration.destination.identity == self.configuration.destination.identity
    }

    private func pause(after error: any Error, failures: Int) async {
        let reason = error.explanation.printable(limit: 300)
        let isNews = current.withLock { state in
            defer { (state.phase, state.reason) = (.waiting, reason) }
            state.failures += 1
            return state.phase != .waiting || state.reason != reason
        }
        if isNews { logger.warning("Events cannot be sent", metadata: ["reason": "\(reason)"]) }
        let pause = Self.pauses[min(failures, Self.pauses.count) - 1]
        let wanted = (error as? NotificationError)?.retryAfter ?? 0
        try? await Task.sleep(for: .seconds(max(pause, min(wanted, Self.pauses.last ?? 0))))
    }

    private func receiver() async throws -> any EventReceiver {
        switch configuration.destination.kind {
        case .webhook:
            Webhook(configuration.destination, key: configuration.key, authorities: environment.authorities)
        case .mqtt: try await Broker.open(configuration, authorities: environment.authorities)
        }
    }

    /// Sends events until that fails.
    private func deliver() async throws {
        let progress = try progress()
        let receiver = try await receiver()
        do {
            try await withThrowingTaskGroup { group in
                let (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
                let changes = environment.hub.history.changes()
                group.addTask { for await _ in changes { waker.yield() } }
                group.addTask { repeat { waker.yield() } while (try? await Task.sleep(for: Self.interval)) != nil }
                for await _ in wakes {
                    // Until they have been read, none of them counts as deleted.
                    if environment.hub.hasLoaded {
                        let streams = environment.hub.streams.filter { configuration.filter.accepts(stream: $0.name) }
                        try await receiver.update(streams, progress)
                    }
                    // Some of each stream at a time, so that none waits for another's past.
                    if try await sendSome(to: receiver, progress) { waker.yield() }
                    current.withLock { $0.phase = .running }
                }
                group.cancelAll()
            }
        } catch {
            await receiver.close()
            throw error
        }
        await receiver.close()
    }

    /// How far the receiver has come: for a new one, all that has happened is past.
    private func progress() throws -> SubscriptionProgress {
        let progress = try known.withLock { known in
            let progress = try known ?? SubscriptionProgress(path, of: configuration.destination)
            known = progress
            return progress
        }
        if progress.isNew { note(progress) { try $0.note(lastIDs: environment.hub.history.lastIDs) } }
        return progress
    }

    /// Sends some of the new events of each stream.
    ///
    /// - Returns: Whether there are more.
    private func sendSome(to receiver: any EventReceiver, _ progress: SubscriptionProgress) async throws -> Bool {
        let history = environment.hub.history
        var hasMore = false
        for (stream, newest) in history.lastIDs.sorted(by: { $0.key < $1.key }) {
            let last = progress.lastID(of: stream) ?? ""
            guard last < newest else { continue }
            guard configuration.filter.accepts(stream: stream) else {
                // Past, should the stream be added later.
                note(progress) { try $0.note(lastIDs: [stream: newest]) }
                continue
            }
            let events = try history.events(of: stream, after: last, limit: Self.batch)
            if events.isEmpty || history.hasRemovedEvents(of: stream, after: last) {
                current.withLock { $0.gaps += 1 }
                logger.warning(
                    "Events were removed before they were sent: raise --events-quota",
                    metadata: ["stream": "\(stream)"]
                )
            }
            for (id, line) in events {
                try Task.checkCancellation()
                guard let event = try? JSONDecoder().decode(SentEvent.self, from: Data(line)) else {
                    current.withLock { $0.gaps += 1 }
                    logger.warning("An event is damaged", metadata: ["event": "\(stream)/\(id)"])
                    continue
                }
                guard configuration.filter.accepts(event) else { continue }
                try await send(event, line, to: receiver)
                note(progress) { try $0.note(lastIDs: [stream: id]) }
            }
            let end = events.last?.id ?? newest
            note(progress) { try $0.note(lastIDs: [stream: end]) }
            hasMore = hasMore || end < newest
        }
        return hasMore
    }

    private func send(_ event: SentEvent, _ line: [UInt8], to receiver: any EventReceiver) async throws {
        guard Date().timeIntervalSince1970 - event.time < Self.maximumAge else {
            current.withLock { $0.expired += 1 }
            return
        }
        let picture = event.hasPicture ? environment.hub.history.picture(of: event.stream, id: event.id) : nil
        do {
            try await receiver.send(event, line: line, picture: picture)
        } catch let error as NotificationError where error.isFinal {
            let count = rejection.withLock { rejection in
                rejection = (event.id, rejection.id == event.id ? rejection.count + 1 : 1)
                return rejection.count
            }
            guard count >= Self.maximumRejections else { throw error }
            current.withLock { $0.rejected += 1 }
            logger.warning("The receiver does not accept an event", metadata: ["event": "\(event.id)"])
            return
        }
        current.withLock { state in
            (state.phase, state.reason) = (.running, nil)
            state.sent += 1
            state.lastSent = (Date().timeIntervalSince1970 * 1e3).rounded() / 1e3
        }
    }

    /// Writes down how far the receiver has come; if that fails, events are sent again after the end of the process.
    private func note(_ progress: SubscriptionProgress, _ body: (SubscriptionProgress) throws -> Void) {
        do {
            try body(progress)
            hasProgressFailed.store(false, ordering: .relaxed)
        } catch {
            if !hasProgressFailed.exchange(true, ordering: .relaxed) {
                logger.error("Progress cannot be kept: see --events", metadata: ["reason": "\(error.explanation)"])
            }
        }
    }
}
