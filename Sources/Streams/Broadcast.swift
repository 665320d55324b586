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

    private struct Subscriber {
        var wantsMoments: Bool
        var wantsEvents: Bool
        var continuation: AsyncStream<Message>.Continuation
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

    init(maximumSubscribers: Int) {
        self.maximumSubscribers = maximumSubscribers
    }

    /// Receives what comes from now on.
    ///
    /// - Parameters:
    ///   - moments: Whether new pictures are announced.
    ///   - events: Whether events are sent.
    /// - Returns: The messages, until the end or until the subscriber is too slow for its events; nil if there are too many
    ///   subscribers.
    package func subscribe(moments: Bool, events: Bool) -> AsyncStream<Message>? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Message.self,
            bufferingPolicy: events ? .bufferingOldest(Self.maximumWaiting) : .bufferingNewest(1)
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
        return stream
    }

    func send(_ message: Message) {
        let subscribers = state.withLock { state in
            state.subscribers.values.filter { subscriber in
                switch message {
                case .moment: subscriber.wantsMoments
                case .event: subscriber.wantsEvents
                case .tick: true
                }
            }
        }
        for subscriber in subscribers {
            guard case .dropped = subscriber.continuation.yield(message) else { continue }
            if case .event = message { subscriber.continuation.finish() }
        }
    }

    /// Ends all subscriptions.
    func end() {
        let subscribers = state.withLock { state in
            state.isEnded = true
            return Array(state.subscribers.values)
        }
        for subscriber in subscribers { subscriber.continuation.finish() }
    }
}
