internal import DetectionPipeline
internal import Hummingbird
internal import Logging
internal import NIOCore

/// The state of one request.
struct ServiceContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Id in the response's headers, in problems and in the log.
    var requestID: String
    /// When the request's head was read.
    let start: ContinuousClock.Instant
    /// Durations of the request's stages.
    let stages: StageClock
    /// Whether the request's body is still being received.
    let phase: RequestPhase
    /// The handler of the request's connection; nil in tests without a network.
    let connection: NIOLoopBound<ConnectionHandler>?
    /// The event loop of that connection.
    let eventLoop: any EventLoop
    /// Latest time to respond.
    var deadline: ContinuousClock.Instant

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        let channel = source.channel
        eventLoop = channel.eventLoop
        // Requests are handled on the event loop of their connection, see EventLoopHTTP1Channel.
        connection =
            eventLoop.inEventLoop
            ? (try? channel.pipeline.syncOperations.handler(type: ConnectionHandler.self)).map { handler in
                NIOLoopBound(handler, eventLoop: channel.eventLoop)
            } : nil
        requestID = ""
        start = .now
        stages = StageClock(start: start)
        phase = RequestPhase()
        deadline = start.advanced(by: .seconds(30))
    }

    /// Path of the matched route, as a label in metrics and the log.
    var route: String { endpointPath ?? "none" }
}
