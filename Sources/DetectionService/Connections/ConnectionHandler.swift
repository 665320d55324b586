internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// What a server owes its connections and Hummingbird leaves open.
///
/// - Answers `Expect: 100-continue`, so that curl does not wait a second before it sends a picture.
/// - Closes a connection whose client does not send a request's head whole in time, or does not take its answer.
/// - Closes the connection after an answer that says so, instead of reading what the client still sends.
/// - Tells the monitor when the client leaves while its request is worked on.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let monitor: ConnectionMonitor
    /// Time that the client has for its next head, or to take an answer.
    private let clientTimeout: TimeAmount
    private var timer: Scheduled<Void>?
    private var requestsInProgress = 0
    private var closesAfterAnswer = false

    init(monitor: ConnectionMonitor, clientTimeout: TimeAmount) {
        self.monitor = monitor
        self.clientTimeout = clientTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { startTimer(context, in: clientTimeout) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    func channelActive(context: ChannelHandlerContext) {
        startTimer(context, in: clientTimeout)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        monitor.clientLeft(ObjectIdentifier(context.channel))
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let request) = unwrapInboundIn(data) {
            requestsInProgress += 1
            timer?.cancel()
            if request.headerFields[.expect]?.lowercased() == "100-continue" {
                let proceed = HTTPResponsePart.head(HTTPResponse(status: .continue))
                context.writeAndFlush(wrapOutboundOut(proceed), promise: nil)
            }
        }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            monitor.clientLeft(ObjectIdentifier(context.channel))
        }
        context.fireUserInboundEventTriggered(event)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let response):
            closesAfterAnswer = response.headerFields[.connection] == "close"
            startTimer(context, in: clientTimeout)
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            requestsInProgress -= 1
            let written = promise ?? context.eventLoop.makePromise()
            written.futureResult.assumeIsolated().whenSuccess { self.answered(context) }
            context.write(data, promise: written)
        }
    }

    private func answered(_ context: ChannelHandlerContext) {
        if closesAfterAnswer {
            // Closing at once would reset the connection while the client still sends, and lose it the answer.
            context.close(mode: .output, promise: nil)
            startTimer(context, in: .seconds(2))
        } else if requestsInProgress == 0 {
            startTimer(context, in: clientTimeout)
        } else {
            timer?.cancel()
        }
    }

    private func startTimer(_ context: ChannelHandlerContext, in amount: TimeAmount) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: amount) { context.close(promise: nil) }
    }
}
