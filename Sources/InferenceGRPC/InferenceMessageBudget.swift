internal import DetectionService
internal import GRPCCore
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Bounds the memory and time that the messages of a call take.
///
/// A message's bytes count against the service's budget from their arrival until its answer has been sent, or the call
/// has ended. Messages must arrive in time, and clients must read answers in time.
final class InferenceMessageBudget: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    /// Limits of a call.
    struct Limits {
        /// Maximum number of bytes of a message with tensors.
        var tensorBytes: Int
        /// Time for one message to arrive.
        var arrival: TimeAmount
        /// Time for a client to read an answer.
        var reading: TimeAmount
    }

    /// Maximum number of bytes of a message without tensors.
    private static let otherBytes = 64 << 10
    private static let callsWithTensors = ["ModelInfer", "ModelStreamInfer"].map {
        "/inference.GRPCInferenceService/\($0)"
    }
    /// Streams may wait for their client's next message.
    private static let streams = [
        callsWithTensors[1], "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ]

    private let budget: ByteBudget
    private let limits: Limits
    /// Maximum number of bytes of a message of this call.
    private(set) var maximumBytes = otherBytes
    private var arrivalTimer: Scheduled<Void>?
    private var readingTimer: Scheduled<Void>?
    private var arriving = MessageBoundaries()
    private var answering = MessageBoundaries()
    /// Bytes that were taken for each message that was not answered.
    private var unanswered: [Int] = []
    /// Bytes that were taken for the message that is arriving.
    private var current = 0
    private var hasSentHeaders = false
    private var context: ChannelHandlerContext?
    private var isEnded = false

    init(budget: ByteBudget, limits: Limits) {
        self.budget = budget
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isEnded else { return }
        switch unwrapInboundIn(data) {
        case .headers(let headers):
            let path = headers.headers.first(name: ":path") ?? ""
            if Self.callsWithTensors.contains(path) { maximumBytes = limits.tensorBytes }
            if !Self.streams.contains(path), !headers.endStream { startArrivalTimer(context) }
        case .data(let frame):
            guard case .byteBuffer(let bytes) = frame.data else { break }
            do {
                try take(bytes.readableBytesView, context)
            } catch {
                return end(Problem(error))
            }
        default: break
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Also while the call reads nothing: otherwise bytes would wait where nobody counts them.
        context.read()
    }

    private func take(_ bytes: ByteBufferView, _ context: ChannelHandlerContext) throws {
        try budget.take(bytes.count)
        current += bytes.count
        if arrivalTimer == nil { startArrivalTimer(context) }
        let completed = arriving.count(bytes)
        guard arriving.length <= maximumBytes else {
            throw Problem(.tooLarge, "The message exceeds the limit of \(maximumBytes) bytes; send fewer pictures.")
        }
        guard completed > 0 else { return }
        arrivalTimer?.cancel()
        arrivalTimer = nil
        unanswered += [current] + [Int](repeating: 0, count: completed - 1)
        current = 0
    }

    /// Counts bytes that a message has grown by until it is answered; ends the call and returns false if there is no
    /// room for them.
    func add(_ count: Int) -> Bool {
        guard !isEnded else { return false }
        do {
            try budget.take(count)
            // Later messages may have arrived meanwhile: they are answered after this one.
            if unanswered.isEmpty { current += count } else { unanswered[unanswered.count - 1] += count }
            return true
        } catch {
            end(Problem(error))
            return false
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .headers: hasSentHeaders = true
        case .data(let frame):
            guard !isEnded, case .byteBuffer(let bytes) = frame.data else { break }
            let completed = min(answering.count(bytes.readableBytesView), unanswered.count)
            var answered = unanswered.prefix(completed).reduce(0, +)
            unanswered.removeFirst(completed)
            do {
                try budget.take(bytes.readableBytes)
                answered += bytes.readableBytes
            } catch {
                current += answered
                promise?.fail(error)
                return end(Problem(error))
            }
            // Sent once the client's window has room for it; until then the answer is in memory too.
            let sent = promise ?? context.eventLoop.makePromise()
            current += answered
            readingTimer?.cancel()
            readingTimer = context.eventLoop.assumeIsolated().scheduleTask(in: limits.reading) {
                context.close(promise: nil)
            }
            sent.futureResult.assumeIsolated().whenComplete { [self] _ in
                readingTimer?.cancel()
                // After the end of the call, everything was given back.
                guard !isEnded else { return }
                current -= answered
                budget.giveBack(answered)
            }
            return context.write(data, promise: sent)
        default: break
        }
        context.write(data, promise: promise)
    }

    private func startArrivalTimer(_ context: ChannelHandlerContext) {
        arrivalTimer?.cancel()
        arrivalTimer = context.eventLoop.assumeIsolated().scheduleTask(in: limits.arrival) { [self] in
            end(Problem(.slowRequest, "The message did not arrive in time."))
        }
    }

    /// Answers with a status, and ends the call.
    func end(_ problem: Problem) {
        guard !isEnded, let context else { return }
        giveBackAll()
        var headers = HPACKHeaders(hasSentHeaders ? [] : [(":status", "200"), ("content-type", "application/grpc")])
        headers.add(contentsOf: [
            ("grpc-status", "\(problem.kind.code.rawValue)"), ("grpc-message", problem.detail),
        ])
        let payload = HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: true))
        context.write(wrapOutboundOut(payload), promise: nil)
        // Without an error, so that the client reads the status although it has not sent everything.
        context.writeAndFlush(wrapOutboundOut(.rstStream(.noError)), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        giveBackAll()
        context.fireChannelInactive()
    }

    private func giveBackAll() {
        guard !isEnded else { return }
        isEnded = true
        arrivalTimer?.cancel()
        readingTimer?.cancel()
        budget.giveBack(current + unanswered.reduce(0, +))
        (current, unanswered) = (0, [])
    }
}

/// Finds the ends of gRPC's messages in a sequence of bytes: each has one byte for its compression, four for its length,
/// and its contents.
struct MessageBoundaries {
    private var header: [UInt8] = []
    private var missing = 0
    /// Length of the message that began last.
    private(set) var length = 0

    /// Returns how many messages end in these bytes.
    mutating func count(_ bytes: ByteBufferView) -> Int {
        var rest = bytes[...]
        var completed = 0
        while let first = rest.first {
            if header.count < 5 {
                header.append(first)
                rest = rest.dropFirst()
                if header.count == 5 {
                    length = header[1...].reduce(0) { $0 << 8 | Int($1) }
                    missing = length
                }
            } else {
                let taken = min(missing, rest.count)
                missing -= taken
                rest = rest.dropFirst(taken)
            }
            if header.count == 5, missing == 0 {
                completed += 1
                header = []
            }
        }
        return completed
    }
}
