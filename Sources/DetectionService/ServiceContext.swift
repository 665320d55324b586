internal import FoundationEssentials
internal import Hummingbird
internal import Logging
internal import NIOCore

/// What belongs to one request on its way through the service.
struct ServiceContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Named in every answer, in the log and in problems.
    var requestID: String
    /// When the request's head was read.
    let start: ContinuousClock.Instant
    /// How long its stages took.
    let stages: StageClock
    /// The connection that it came in on.
    let connection: ObjectIdentifier
    /// The event loop of that connection.
    let eventLoop: any EventLoop
    /// When it is too late to answer.
    var deadline: ContinuousClock.Instant

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        connection = ObjectIdentifier(source.channel)
        eventLoop = source.channel.eventLoop
        requestID = ""
        start = .now
        stages = StageClock(start: start)
        deadline = start.advanced(by: .seconds(30))
    }

    /// The operation that the route belongs to, as its label in metrics and the log.
    var route: String { endpointPath ?? "none" }
}
