internal import DetectionService
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Bounds the memory and time that a call's messages take while they arrive.
///
/// Their bytes count against the service's budget until the call ends, or in a stream until the message after the next
/// one has arrived. Each must arrive in time.
final class InferenceMessageBudget: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let budget: ByteBudget
    /// Maximum number of bytes of a message.
    private let maximumBytes: Int
    /// Time for one message to arrive.
    private let timeout: TimeAmount
    private var timer: Scheduled<Void>?
    /// Bytes of the message that is arriving, and of the one before.
    private var current = 0
    private var previous = 0
    /// The start of a message: one byte for its compression, and four for its length.
    private var header: [UInt8] = []
    /// Bytes of the message that have not arrived.
    private var missing = 0
    private var isEnded = false

    init(budget: ByteBudget, maximumBytes: Int, timeout: TimeAmount) {
        self.budget = budget
        self.maximumBytes = maximumBytes
        self.timeout = timeout
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isEnded else { return }
        if case .data(let frame) = unwrapInboundIn(data), case .byteBuffer(let bytes) = frame.data {
            do {
                try count(bytes.readableBytesView, context)
            } catch {
                let isTooLarge = (error as? Problem)?.kind == .tooLarge
                return end(context, status: isTooLarge ? 8 : 14, Problem(error).detail)
            }
        }
        context.fireChannelRead(data)
    }

    private func count(_ bytes: ByteBufferView, _ context: ChannelHandlerContext) throws {
        var rest = bytes[...]
        while let first = rest.first {
            let taken: Int
            if header.count < 5 {
                if header.isEmpty { startTimer(context) }
                header.append(first)
                if header.count == 5 { missing = header[1...].reduce(0) { $0 << 8 | Int($1) } }
                guard missing <= maximumBytes else {
                    throw Problem(
                        .tooLarge,
                        "The message exceeds the limit of \(maximumBytes) bytes; send fewer pictures."
                    )
                }
                taken = 1
            } else {
                taken = min(missing, rest.count)
                try budget.take(taken)
                current += taken
                missing -= taken
            }
            rest = rest.dropFirst(taken)
            guard header.count == 5, missing == 0 else { continue }
            timer?.cancel()
            budget.giveBack(previous)
            previous = current
            current = 0
            header = []
        }
    }

    private func startTimer(_ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [self] in
            end(context, status: 4, "The message did not arrive in time.")
        }
    }

    /// Answers with a status, and ends the call.
    private func end(_ context: ChannelHandlerContext, status: Int, _ message: String) {
        guard !isEnded else { return }
        isEnded = true
        let headers: HPACKHeaders = [
            ":status": "200", "content-type": "application/grpc", "grpc-status": "\(status)", "grpc-message": message,
        ]
        let payload = HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: true))
        context.write(wrapOutboundOut(payload), promise: nil)
        // Without an error, so that the client reads the status although it has not sent everything.
        context.writeAndFlush(wrapOutboundOut(.rstStream(.noError)), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        budget.giveBack(previous + current)
        (previous, current) = (0, 0)
        isEnded = true
        context.fireChannelInactive()
    }
}
