internal import DetectionService
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Decompresses a call's messages on worker threads, and passes them on as if they had been sent uncompressed.
///
/// The transport would decompress them on the event loop, and never return from damaged data. Stands behind the
/// ``InferenceMessageBudget``, which has counted the compressed bytes, and receives the others here.
final class MessageDecompression: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload

    private static let encoding = "grpc-encoding"
    private static let headerBytes = 5

    private let messages: InferenceMessageBudget
    private let decompress: @Sendable (ContentCoding, [UInt8], _ limit: Int) async throws -> DecodedBody
    /// How the client compresses messages; nil if it does not.
    private var coding: ContentCoding?
    private var received = ByteBuffer()
    private var isEnded = false
    private var work: Task<Void, Never>?

    /// - Parameters:
    ///   - messages: Counts the bytes of the call.
    ///   - decompress: Decompresses a message.
    init(
        messages: InferenceMessageBudget,
        decompress: @escaping @Sendable (ContentCoding, [UInt8], _ limit: Int) async throws -> DecodedBody
    ) {
        self.messages = messages
        self.decompress = decompress
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(var headers):
            coding = headers.headers.first(name: Self.encoding).flatMap(ContentCoding.init(grpc:))
            // An unknown coding is left to the transport, which rejects it.
            guard coding != nil else { break }
            headers.headers.remove(name: Self.encoding)
            return context.fireChannelRead(wrapInboundOut(.headers(headers)))
        case .data(let frame):
            guard coding != nil, case .byteBuffer(var bytes) = frame.data else { break }
            received.writeBuffer(&bytes)
            isEnded = frame.endStream
            return passOn(context)
        default: break
        }
        context.fireChannelRead(data)
    }

    /// Passes on the messages that have arrived, in their order.
    private func passOn(_ context: ChannelHandlerContext) {
        while work == nil, let coding,
            let isCompressed = received.getInteger(at: received.readerIndex, as: UInt8.self),
            let length = received.getInteger(at: received.readerIndex + 1, as: UInt32.self),
            received.readableBytes >= Self.headerBytes + Int(length)
        {
            if isCompressed == 1 {
                received.moveReaderIndex(forwardBy: Self.headerBytes)
                start(coding, received.readBytes(length: Int(length)) ?? [], context)
            } else {
                passOn(received.readSlice(length: Self.headerBytes + Int(length)) ?? ByteBuffer(), context)
            }
        }
        received.discardReadBytes()
        guard work == nil, isEnded else { return }
        isEnded = false
        // An incomplete message is left to the transport, which rejects it.
        passOn(received, context, endStream: true)
    }

    private func start(_ coding: ContentCoding, _ bytes: [UInt8], _ context: ChannelHandlerContext) {
        let promise = context.eventLoop.makePromise(of: DecodedBody.self)
        let limit = messages.maximumBytes
        work = promise.completeWithTask { [decompress] in try await decompress(coding, bytes, limit) }
        promise.futureResult.assumeIsolated().whenComplete { [self] result in
            work = nil
            switch result {
            case .success(let body):
                guard messages.add(body.bytes.count) else { return }
                var message = ByteBuffer()
                message.reserveCapacity(Self.headerBytes + body.bytes.count)
                message.writeInteger(UInt8(0))
                message.writeInteger(UInt32(body.bytes.count))
                message.writeBytes(body.bytes)
                passOn(message, context)
                passOn(context)
            case .failure(let error): messages.end(Problem(error))
            }
        }
    }

    private func passOn(_ bytes: ByteBuffer, _ context: ChannelHandlerContext, endStream: Bool = false) {
        context.fireChannelRead(wrapInboundOut(.data(.init(data: .byteBuffer(bytes), endStream: endStream))))
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        work?.cancel()
        context.fireChannelInactive()
    }
}

extension ContentCoding {
    /// A value of `grpc-encoding`; nil if it is not supported, or none.
    fileprivate init?(grpc name: String) {
        guard let coding = Self(rawValue: name), [.gzip, .deflate].contains(coding) else { return nil }
        self = coding
    }
}
