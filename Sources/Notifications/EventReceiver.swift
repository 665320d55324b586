internal import Streams

/// Something that events are sent to, while it is connected.
protocol EventReceiver: Sendable {
    /// Sends an event; returns when it was accepted.
    ///
    /// - Parameters:
    ///   - event: What decides about it.
    ///   - line: The event as JSON.
    ///   - picture: The event's own picture, a JPEG; nil if it has none.
    /// - Throws: ``NotificationError`` or `CancellationError`.
    func send(_ event: SentEvent, line: [UInt8], picture: [UInt8]?) async throws

    /// Tells how the streams are now.
    ///
    /// - Parameters:
    ///   - streams: Those that events are sent of.
    ///   - progress: Knows which topics of a broker have retained messages.
    /// - Throws: ``NotificationError`` if the connection is lost; `CancellationError`.
    func update(_ streams: [StreamHub.Stream], _ progress: SubscriptionProgress) async throws

    func close() async
}
