internal import DetectionPipeline
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1

/// Handles what Hummingbird leaves to the application.
///
/// - Answers `Expect: 100-continue`, so that curl does not wait a second before it sends a picture.
/// - Closes a connection whose client does not send a complete request head, or read its response, in time.
/// - Closes the connection after a response that announces it, instead of reading what the client still sends.
/// - Drops what arrives of a body after its response has begun, such as that of a refused request.
/// - Pauses reading after a 503: a client that sends its next request at once would take the time of admitted ones.
/// - Notifies the running request when its client disconnects.
/// - Returns a problem for requests that are not HTTP.
///
/// All of its state belongs to the connection's event loop.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Time in which the client must send its next head, or read a response.
    private let clientTimeout: TimeAmount
    private let maximumBodyBytes: Int
    private let pauses: RefusalPauses

    private var timer: Scheduled<Void>?
    /// Whether the client has disconnected.
    private var hasClientLeft = false
    /// Called when the client disconnects.
    private var onClientLeft: (() -> Void)?
    /// Request heads without a complete response.
    private var openRequests = 0
    /// Responses that the client has not read completely.
    private var openAnswers = 0
    /// Responses left before the connection is closed; nil while it is kept.
    private var answersUntilClose: Int?
    /// Whether the response goes on until the client leaves, such as that of a camera's live picture.
    private var isEndless = false
    /// Whether the last request is not complete yet.
    private var isReceivingBody = false
    /// Whether the rest of its body is not needed any more.
    private var dropsBody = false
    /// Set from a 503 until reading continues.
    private var pausesReading = false
    /// Whether a read was requested during a pause.
    private var isReadDue = false
    /// Set when a request follows the last one that gets a response.
    private var ignoresInput = false

    init(clientTimeout: TimeAmount, maximumBodyBytes: Int, pauses: RefusalPauses) {
        self.clientTimeout = clientTimeout
        self.pauses = pauses
        self.maximumBodyBytes = maximumBodyBytes
    }

    /// Calls `action` when the client disconnects, or now if it already has; nil stops watching.
    func watchClient(_ action: (() -> Void)?) {
        onClientLeft = action
        if hasClientLeft { action?() }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        if let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) {
            // Cannot fail: the codec was found, and is on the same event loop.
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
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let request):
            ignoresInput = ignoresInput || answersUntilClose != nil
            if !ignoresInput { begin(request, context) }
            isReceivingBody = true
        case .body where dropsBody: return
        case .body: break
        case .end:
            isReceivingBody = false
            dropsBody = false
        }
        if !ignoresInput { context.fireChannelRead(data) }
    }

    func read(context: ChannelHandlerContext) {
        if pausesReading { isReadDue = true } else { context.read() }
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
            rejectMalformedRequest(context, promise: promise)
        case .head(let response):
            if response.headerFields[.connection] == "close" { answersUntilClose = 1 }
            if response.status == .serviceUnavailable { pauseReading(context) }
            dropsBody = isReceivingBody && openRequests == 1
            isEndless = response.headerFields[.xAccelBuffering] == "no"
            beginAnswer(context)
            context.write(data, promise: promise)
        case .body where isEndless:
            let written = promise ?? context.eventLoop.makePromise()
            // Such a response never ends, but the client has to read each part of it in time.
            startTimer(context, in: clientTimeout)
            written.futureResult.assumeIsolated().whenSuccess { self.timer?.cancel() }
            context.write(data, promise: written)
        case .body:
            context.write(data, promise: promise)
        case .end:
            openRequests -= 1
            answersUntilClose = answersUntilClose.map { $0 - 1 }
            endAnswer(context, promise: promise)
        }
    }

    /// Delays the close at shutdown: Hummingbird closes right after a response, and unread data would be lost.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, openAnswers > 0 else {
            context.close(mode: mode, promise: promise)
            return
        }
        answersUntilClose = 0
        startTimer(context, in: .seconds(5))
        context.channel.closeFuture.cascade(to: promise)
    }

    private func pauseReading(_ context: ChannelHandlerContext) {
        guard !pausesReading else { return }
        pausesReading = true
        context.eventLoop.assumeIsolated().scheduleTask(in: pauses.begin()) {
            self.pauses.end()
            self.pausesReading = false
            guard self.isReadDue else { return }
            self.isReadDue = false
            context.read()
        }
    }

    private func begin(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
        openRequests += 1
        if openAnswers == 0 { timer?.cancel() }
        if request.headerFields[.connection] == "close" { answersUntilClose = openRequests }
        // With several requests in flight, 100 would end up between responses; pipelining clients do not wait for it.
        if request.headerFields[.expect]?.lowercased() == "100-continue", openRequests == 1, openAnswers == 0,
            request.headerFields[.contentLength].flatMap({ Int($0) }) ?? 0 <= maximumBodyBytes
        {
            let proceed = HTTPResponsePart.head(HTTPResponse(status: .continue))
            context.writeAndFlush(wrapOutboundOut(proceed), promise: nil)
        }
    }

    /// Replaces Hummingbird's empty 400 for input that its parser rejects: a response without a request head.
    private func rejectMalformedRequest(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
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
            // Closing immediately would reset the connection while the client still sends, and discard the response.
            context.close(mode: .output, promise: nil)
            startTimer(context, in: .seconds(2))
        } else if openRequests == 0 {
            startTimer(context, in: clientTimeout)
        } else if openAnswers == 0 {
            timer?.cancel()
        }
    }

    private func clientLeft() {
        hasClientLeft = true
        onClientLeft?()
    }

    private func startTimer(_ context: ChannelHandlerContext, in amount: TimeAmount) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: amount) { context.close(promise: nil) }
    }
}

extension HTTPResponse.Status {
    /// Logged for a request whose client disconnected; it is never sent.
    static let clientClosedRequest = HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request")
}
