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

    private let name: String
    /// Those who listen to this stream.
    private let own: Broadcast
    /// Those who listen to all streams.
    private let all: Broadcast
    private let last: Mutex<Moment?>
    /// JPEGs of the last picture that was asked for, which several viewers share.
    private let encoded = Mutex<(time: Double, plain: [UInt8]?, drawn: [UInt8]?)>((-1, nil, nil))
    private static let quality = 80

    init(of name: String, maximumSubscribers: Int, all: Broadcast, moment: Moment? = nil) {
        self.name = name
        self.all = all
        last = Mutex(moment)
        own = Broadcast(maximumSubscribers: maximumSubscribers)
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
    package func subscribe(moments: Bool, events: Bool) -> Broadcast.Messages? {
        own.subscribe(moments: moments, events: events)
    }

    func publish(_ moment: Moment) {
        last.withLock { $0 = moment }
        for broadcast in [own, all] { broadcast.send(.moment(stream: name)) }
    }

    func publish(event id: String, line: [UInt8]) {
        for broadcast in [own, all] { broadcast.send(.event(stream: name, id: id, line: line)) }
    }

    /// Returns the last picture as a JPEG; blocks.
    ///
    /// - Parameter isDrawn: Whether zones and objects are drawn.
    /// - Returns: The file, and the picture's time in seconds since 1970; nil before the first picture.
    /// - Throws: `ImageError`.
    package func jpeg(isDrawn: Bool) throws -> (bytes: [UInt8], time: Double)? {
        try encoded.withLock { encoded in
            guard let moment else { return nil }
            if encoded.time != moment.time { encoded = (moment.time, nil, nil) }
            let known = isDrawn ? encoded.drawn : encoded.plain
            let bytes = try known ?? moment.jpeg(isDrawn: isDrawn)
            if isDrawn { encoded.drawn = bytes } else { encoded.plain = bytes }
            return (bytes, moment.time)
        }
    }

    func tick() { own.send(.tick) }

    /// Ends all subscriptions.
    func end() {
        own.end()
        last.withLock { $0 = nil }
    }
}
