package import DetectionPipeline
package import Imaging
internal import ObjectDetection
internal import Synchronization
internal import Tracking

/// What a stream shows: its last picture, to those who watch it, and its events.
package final class StreamFeed: Sendable {
    /// A picture with its objects.
    package struct Moment: Sendable {
        /// The pixels, at the resolution that the network needs.
        package let picture: ReducedImage
        package let report: ObjectFollower.Report
        /// Areas with names, in pixels of the full picture.
        let zones: [Region]
        /// Time in seconds since 1970.
        package let time: Double

        /// Returns the picture as a JPEG.
        ///
        /// - Parameter isDrawn: Whether zones and objects are drawn.
        /// - Returns: The file.
        /// - Throws: `ImageError`.
        fileprivate func jpeg(isDrawn: Bool) throws -> [UInt8] {
            guard isDrawn else { return try picture.pixels.encoded(as: .jpeg, quality: StreamFeed.quality) }
            let scale = 1 / Double(picture.reduction)
            let scaled = report.detections.map { detection in
                var detection = detection
                let box = detection.box
                let edges = [box.minX, box.minY, box.maxX, box.maxY].map { $0 * Float(scale) }
                detection.box = BoundingBox(minX: edges[0], minY: edges[1], maxX: edges[2], maxY: edges[3])
                return detection
            }
            return try DetectionPainter(labels: report.labels).draw(
                scaled,
                numbers: report.tracks.map { $0?.id },
                zones: zones.map { $0.transformed(x: scale, y: scale) },
                on: picture.pixels
            ).encoded(as: .jpeg, quality: StreamFeed.quality)
        }
    }

    /// What subscribers receive.
    package enum Message: Sendable {
        /// There is a new ``StreamFeed/moment``. It does not come with the message, which may wait for a slow subscriber:
        /// the memory of pictures is reused.
        case moment
        /// An event's id, and its line of JSON.
        case event(id: String, line: [UInt8])
        /// Comes every few seconds, so that a subscriber that has left is noticed.
        case tick
    }

    /// Who receives messages, until it is cancelled.
    private struct Subscriber {
        var wantsMoments: Bool
        var wantsEvents: Bool
        var continuation: AsyncStream<Message>.Continuation
    }

    /// Messages that wait for a slow subscriber; one who misses an event is cut off, and can ask for what it missed.
    private static let maximumWaiting = 64

    private struct State {
        var subscribers: [Int: Subscriber] = [:]
        var lastSubscriber = 0
        var isEnded = false
    }

    private let maximumSubscribers: Int
    private let state = Mutex(State())
    private let last = Mutex<Moment?>(nil)
    /// JPEGs of the last picture that was asked for, which several viewers share.
    private let encoded = Mutex<(time: Double, plain: [UInt8]?, drawn: [UInt8]?)>((-1, nil, nil))
    private static let quality = 80

    init(maximumSubscribers: Int) {
        self.maximumSubscribers = maximumSubscribers
    }

    /// The last picture; nil before the first.
    package var moment: Moment? { last.withLock { $0 } }

    /// Receives what comes from now on.
    ///
    /// - Parameters:
    ///   - moments: Whether new pictures are announced.
    ///   - events: Whether events are sent.
    /// - Returns: The messages, until the stream is removed or the subscriber is too slow for its events; nil if there are
    ///   too many subscribers.
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

    func publish(_ moment: Moment) {
        last.withLock { $0 = moment }
        for subscriber in state.withLock({ $0.subscribers.values.filter(\.wantsMoments) }) {
            subscriber.continuation.yield(.moment)
        }
    }

    func publish(event id: String, line: [UInt8]) {
        for subscriber in state.withLock({ $0.subscribers.values.filter(\.wantsEvents) }) {
            if case .dropped = subscriber.continuation.yield(.event(id: id, line: line)) {
                subscriber.continuation.finish()
            }
        }
    }

    /// Returns the last picture as a JPEG; blocks.
    ///
    /// - Parameter isDrawn: Whether zones and objects are drawn.
    /// - Returns: The file; nil before the first picture.
    /// - Throws: `ImageError`.
    package func jpeg(isDrawn: Bool) throws -> [UInt8]? {
        try encoded.withLock { encoded in
            guard let moment else { return nil }
            if encoded.time != moment.time { encoded = (moment.time, nil, nil) }
            let known = isDrawn ? encoded.drawn : encoded.plain
            let bytes = try known ?? moment.jpeg(isDrawn: isDrawn)
            if isDrawn { encoded.drawn = bytes } else { encoded.plain = bytes }
            return bytes
        }
    }

    func tick() {
        for subscriber in state.withLock({ Array($0.subscribers.values) }) { subscriber.continuation.yield(.tick) }
    }

    /// Ends all subscriptions.
    func end() {
        let subscribers = state.withLock { state in
            state.isEnded = true
            return Array(state.subscribers.values)
        }
        for subscriber in subscribers { subscriber.continuation.finish() }
        last.withLock { $0 = nil }
    }
}
