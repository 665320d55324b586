internal import NIOCore
internal import NIOHTTP1

/// Enforces rules of HTTP/1 that need the request's version, which later handlers do not see (RFC 9110 and 9112).
///
/// - An HTTP/1.1 request must have exactly one `Host`; otherwise it is rejected, and the rest of the input is ignored.
/// - Connections of HTTP/1.0 clients close after the response, unless the client asked to keep them.
/// - HTTP/1.0 clients do not know `100 Continue`.
final class HTTP1RulesHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private var hasRejected = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasRejected else { return }
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        let hosts = head.headers["Host"].count
        guard hosts == 1 || hosts == 0 && head.version == .http1_0 else {
            hasRejected = true
            return context.fireErrorCaught(HTTPParserError.invalidHeaderToken)
        }
        if !head.isKeepAlive { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        if head.version == .http1_0 { head.headers.remove(name: "Expect") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}
