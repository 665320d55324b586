internal import NIOCore
internal import NIOHTTP1

/// Rules of HTTP/1 that can only be kept where a request's version is still known (RFC 9110 and 9112).
///
/// - A request of HTTP/1.1 has exactly one `Host`; another is refused, and what comes after it is not read.
/// - A client of HTTP/1.0 that did not ask to keep the connection waits for its end, so it is told to be closed.
/// - A client of HTTP/1.0 does not know `100 Continue`.
final class HTTP1RulesHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private var hasRefused = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasRefused else { return }
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        let hosts = head.headers["Host"].count
        guard hosts == 1 || hosts == 0 && head.version == .http1_0 else {
            hasRefused = true
            return context.fireErrorCaught(HTTPParserError.invalidHeaderToken)
        }
        if !head.isKeepAlive { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        if head.version == .http1_0 { head.headers.remove(name: "Expect") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}
