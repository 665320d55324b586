import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server of one file; the first part of the path selects a fault.
final class FileServer: Sendable {
    let content: [UInt8]
    /// First byte that each request asked for.
    let starts = Mutex<[Int]>([])
    let port: Int
    private let channel: any Channel

    private init(_ content: [UInt8], _ channel: any Channel, _ box: Box) {
        self.content = content
        self.channel = channel
        port = channel.localAddress?.port ?? 0
        box.server.withLock { $0 = self }
    }

    private final class Box: Sendable {
        let server = Mutex<FileServer?>(nil)
    }

    /// Runs the body beside a server.
    static func run(_ content: [UInt8], _ body: (FileServer) async throws -> Void) async throws {
        let box = Box()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = FileServer(content, channel, box)
        do {
            try await body(server)
        } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let box: Box

        init(_ box: Box) { self.box = box }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let request) = unwrapInboundIn(data), let server = box.server.withLock({ $0 }) else {
                return
            }
            let asked = request.headers.first(name: "Range").flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0
            server.starts.withLock { $0.append(asked) }
            let fault = request.uri.split(separator: "/").first ?? ""
            let start = fault == "no-ranges" ? 0 : asked
            var content = fault == "other-bytes" ? server.content.reversed() : server.content
            if fault == "longer" { content += content }
            var head = HTTPResponseHead(version: .http1_1, status: start > 0 ? .partialContent : .ok)
            if fault == "missing" { head.status = .notFound }
            head.headers.add(name: "Content-Length", value: "\(content.count - start)")
            let end = fault == "breaks-off" ? min(content.count, start + 100_000) : content.count
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: content[start..<end])))), promise: nil)
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            if end < content.count {
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))).whenComplete { _ in
                    bound.value.close(promise: nil)
                }
            } else {
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
