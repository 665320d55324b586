internal import Synchronization

/// Sends what happens to everyone who listens.
package final class Broadcast: Sendable {
    /// What subscribers receive.
    package enum Message: Sendable {
        /// A stream has a new ``StreamFeed/moment``. It does not come with the message, which may wait for a slow
        /// subscriber: the memory of pictures is reused.
        case moment(stream: String)
        /// An event of a stream, with its id, and its line of JSON.
        case event(stream: String, id: String, line: [UInt8])
        /// Comes every few seconds, so that a subscriber that has left is noticed.
        case tick
    }

    /// What a subscriber receives.
    package typealias Messages = AsyncMapSequence<AsyncStream<Message>, Message>

    private struct Subscriber {
        var wantsMoments: Bool
        var wantsEvents: Bool
        var continuation: AsyncStream<Message>.Continuation
        /// Streams whose moment waits to be received: another one need not be announced, and takes no event's place.
        var announced: Set<String> = []

        /// Whether a message is sent to it, which it then waits for.
        mutating func receives(_ message: Message) -> Bool {
            switch message {
            case .moment(let stream): wantsMoments && announced.insert(stream).inserted
            case .event: wantsEvents
            case .tick: true
            }
        }
    }

    private struct State {
        var subscribers: [Int: Subscriber] = [:]
        var lastSubscriber = 0
        var isEnded = false
    }

    /// Messages that wait for a slow subscriber; one who misses an event is cut off, and can ask for what it missed.
    private static let maximumWaiting = 64

    private let maximumSubscribers: Int
    private let state = Mutex(State())

    /// - Parameter maximumSubscribers: Maximum number of those who listen at the same time.
    package init(maximumSubscribers: Int) {
        self.maximumSubscribers = maximumSubscribers
    }

    /// Receives what comes from now on.
    ///
    /// - Parameters:
    ///   - moments: Whether new pictures are announced.
    ///   - events: Whether events are sent.
    /// - Returns: The messages, until the end or until the subscriber is too slow for its events; nil if there are too many
    ///   subscribers.
    package func subscribe(moments: Bool, events: Bool) -> Messages? {
        let (messages, continuation) = AsyncStream.makeStream(
            of: Message.self,
            bufferingPolicy: .bufferingOldest(Self.maximumWaiting)
        )
        let number = state.withLock { state -> Int? in
            guard !state.isEnded, state.subscribers.count < maximumSubscribers else { return nil }
            state.lastSubscriber += 1
            state.subscribers[state.lastSubscriber] = Subscriber(
                wantsMoments: moments,
                wantsEvents: events,
                continuation: continuation
            )
            return state.lastSubscriber
        }
        guard let number else { return nil }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.subscribers.removeValue(forKey: number) }
        }
        return messages.map { [weak self] message in
            if case .moment(let stream) = message { self?.forget(announcementOf: stream, to: number) }
            return message
        }
    }

    private func forget(announcementOf stream: String, to number: Int) {
        state.withLock { _ = $0.subscribers[number]?.announced.remove(stream) }
    }

    /// Sends a message to those who want it; one for whom too many events wait receives no more.
    package func send(_ message: Message) {
        let subscribers = state.withLock { state in
            state.subscribers.keys.compactMap { number -> (Int, AsyncStream<Message>.Continuation)? in
                guard state.subscribers[number]?.receives(message) ?? false else { return nil }
                return state.subscribers[number].map { (number, $0.continuation) }
            }
        }
        for (number, continuation) in subscribers {
            guard case .dropped = continuation.yield(message) else { continue }
            switch message {
            case .event: continuation.finish()
            case .moment(let stream): forget(announcementOf: stream, to: number)
            case .tick: break
            }
        }
    }

    /// Ends all subscriptions.
    package func end() {
        let subscribers = state.withLock { state in
            state.isEnded = true
            return Array(state.subscribers.values)
        }
        for subscriber in subscribers { subscriber.continuation.finish() }
    }
}
