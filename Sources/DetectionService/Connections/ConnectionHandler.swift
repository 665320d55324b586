internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1

/// What a server owes its connections and Hummingbird leaves open.
///
/// - Answers `Expect: 100-continue`, so that curl does not wait a second before it sends a picture.
/// - Closes a connection whose client does not send a request's head whole in time, or does not take its answer.
/// - Closes the connection after an answer that says so, instead of reading what the client still sends.
/// - Tells the monitor when the client leaves while its request is worked on.
/// - Says as a problem what is wrong with a request that is not HTTP.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let monitor: ConnectionMonitor
    /// Time that the client has for its next head, or to take an answer.
    private let clientTimeout: TimeAmount
    private let maximumBodyBytes: Int
    private var timer: Scheduled<Void>?
    private var requestsInProgress = 0
    private var closesAfterAnswer = false
    private var hasGivenLastAnswer = false

    init(monitor: ConnectionMonitor, clientTimeout: TimeAmount, maximumBodyBytes: Int) {
        self.monitor = monitor
        self.clientTimeout = clientTimeout
        self.maximumBodyBytes = maximumBodyBytes
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        if let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) {
            // It cannot fail: the codec was found, and is on the same event loop.
            try? pipeline.addHandler(HTTP1RulesHandler(), position: .before(codec))
        }
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
            if request.headerFields[.connection] == "close" { closesAfterAnswer = true }
            if request.headerFields[.expect]?.lowercased() == "100-continue", fits(request) {
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
        guard !hasGivenLastAnswer else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let response) where response.status == .clientClosedRequest:
            hasGivenLastAnswer = true
            context.close(promise: promise)
        case .head(let response):
            if response.headerFields[.connection] == "close" { closesAfterAnswer = true }
            startTimer(context, in: clientTimeout)
            if requestsInProgress == 0 {
                refuseMalformedRequest(context, promise: promise)
            } else {
                context.write(data, promise: promise)
            }
        case .body:
            context.write(data, promise: promise)
        case .end:
            requestsInProgress -= 1
            end(context, promise: promise)
        }
    }

    /// Hummingbird answers what its parser refuses with an empty 400; there was no head, so there is no request.
    private func refuseMalformedRequest(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        let id = EnvelopeMiddleware.makeRequestID()
        let problem = Problem(.malformed, "The request is not valid HTTP.", headers: [.connection: "close"])
        var (head, body) = problem.parts(requestID: id)
        head.headerFields[.requestID] = id
        head.headerFields[.serverTiming] = StageClock().serverTiming(total: .zero)
        context.write(wrapOutboundOut(.head(head)), promise: promise)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        end(context, promise: nil)
        context.flush()
    }

    private func end(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        hasGivenLastAnswer = closesAfterAnswer
        let written = promise ?? context.eventLoop.makePromise()
        written.futureResult.assumeIsolated().whenSuccess { self.answered(context) }
        context.write(wrapOutboundOut(.end(nil)), promise: written)
    }

    private func answered(_ context: ChannelHandlerContext) {
        if hasGivenLastAnswer {
            // Closing at once would reset the connection while the client still sends, and lose it the answer.
            context.close(mode: .output, promise: nil)
            startTimer(context, in: .seconds(2))
        } else if requestsInProgress == 0 {
            startTimer(context, in: clientTimeout)
        } else {
            timer?.cancel()
        }
    }

    private func fits(_ request: HTTPRequest) -> Bool {
        request.headerFields[.contentLength].flatMap { Int($0) } ?? 0 <= maximumBodyBytes
    }

    private func startTimer(_ context: ChannelHandlerContext, in amount: TimeAmount) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: amount) { context.close(promise: nil) }
    }
}

extension HTTPResponse.Status {
    /// What the log says of a request whose client did not wait; nobody is left to be told.
    static let clientClosedRequest = HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request")
}
