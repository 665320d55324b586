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

    private var token: ConnectionMonitor.Token?
    private var timer: Scheduled<Void>?
    /// Heads that came and are not answered yet.
    private var openRequests = 0
    /// Answers that were begun and that the client has not taken whole yet.
    private var openAnswers = 0
    /// Answers still to be given before the connection is closed; nil while it is kept.
    private var answersUntilClose: Int?
    /// Set when a request comes after the last one that is answered.
    private var ignoresInput = false

    init(monitor: ConnectionMonitor, clientTimeout: TimeAmount, maximumBodyBytes: Int) {
        self.monitor = monitor
        self.clientTimeout = clientTimeout
        self.maximumBodyBytes = maximumBodyBytes
    }

    func handlerAdded(context: ChannelHandlerContext) {
        token = monitor.opened(ObjectIdentifier(context.channel))
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
        clientLeft()
        if let token {
            // Its last request may only now come to the point where it asks.
            context.eventLoop.scheduleTask(in: .minutes(1)) { [monitor] in monitor.closed(token) }
        }
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let request) = unwrapInboundIn(data) {
            ignoresInput = ignoresInput || answersUntilClose != nil
            if !ignoresInput { begin(request, context) }
        }
        if !ignoresInput { context.fireChannelRead(data) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { clientLeft() }
        context.fireUserInboundEventTriggered(event)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard answersUntilClose != 0 else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let response) where response.status == .clientClosedRequest:
            answersUntilClose = 0
            context.close(promise: promise)
        case .head where openRequests == 0:
            refuseMalformedRequest(context, promise: promise)
        case .head(let response):
            if response.headerFields[.connection] == "close" { answersUntilClose = 1 }
            beginAnswer(context)
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            openRequests -= 1
            answersUntilClose = answersUntilClose.map { $0 - 1 }
            endAnswer(context, promise: promise)
        }
    }

    /// At shutdown, Hummingbird closes right behind an answer; what the client has not taken yet would be lost.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, openAnswers > 0 else {
            context.close(mode: mode, promise: promise)
            return
        }
        answersUntilClose = 0
        startTimer(context, in: .seconds(5))
        context.channel.closeFuture.cascade(to: promise)
    }

    private func begin(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
        openRequests += 1
        if openAnswers == 0 { timer?.cancel() }
        if request.headerFields[.connection] == "close" { answersUntilClose = openRequests }
        // Behind other requests it would land between their answers; those clients do not wait for it.
        if request.headerFields[.expect]?.lowercased() == "100-continue", openRequests == 1, openAnswers == 0,
            request.headerFields[.contentLength].flatMap({ Int($0) }) ?? 0 <= maximumBodyBytes
        {
            let proceed = HTTPResponsePart.head(HTTPResponse(status: .continue))
            context.writeAndFlush(wrapOutboundOut(proceed), promise: nil)
        }
    }

    /// Hummingbird answers what its parser refuses with an empty 400; there was no head, so there is no request.
    private func refuseMalformedRequest(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        let id = EnvelopeMiddleware.makeRequestID()
        let problem = Problem(.malformed, "The request is not valid HTTP.", headers: [.connection: "close"])
        var (head, body) = problem.parts(requestID: id)
        head.headerFields[.requestID] = id
        head.headerFields[.serverTiming] = StageClock(start: .now).serverTiming(total: .zero)
        beginAnswer(context)
        context.write(wrapOutboundOut(.head(head)), promise: promise)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        answersUntilClose = 0
        endAnswer(context, promise: nil)
        context.flush()
    }

    private func beginAnswer(_ context: ChannelHandlerContext) {
        openAnswers += 1
        startTimer(context, in: clientTimeout)
    }

    private func endAnswer(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        let written = promise ?? context.eventLoop.makePromise()
        written.futureResult.assumeIsolated().whenSuccess { self.answerTaken(context) }
        context.write(wrapOutboundOut(.end(nil)), promise: written)
    }

    private func answerTaken(_ context: ChannelHandlerContext) {
        openAnswers -= 1
        if answersUntilClose == 0 {
            // Closing at once would reset the connection while the client still sends, and lose it the answer.
            context.close(mode: .output, promise: nil)
            startTimer(context, in: .seconds(2))
        } else if openRequests == 0 {
            startTimer(context, in: clientTimeout)
        } else if openAnswers == 0 {
            timer?.cancel()
        }
    }

    private func clientLeft() {
        if let token { monitor.clientLeft(token) }
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
