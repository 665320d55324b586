internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// The address of a service, as in the URL `http://localhost:1337`.
package struct ServiceAddress {
    package var host: String
    package var port: Int
    /// Prefix of every path, without a trailing slash.
    package var prefix = ""

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Parses a URL; nil if it is not a valid URL of plain HTTP.
    package init?(_ text: String) {
        guard let url = URL(string: text), url.scheme?.lowercased() == "http", let host = url.host(), !host.isEmpty,
            (1...65_535).contains(url.port ?? 80)
        else { return nil }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = url.port ?? 80
        prefix = url.path().hasSuffix("/") ? String(url.path().dropLast()) : url.path()
    }

    /// Host and port as in a URL and in the Host header.
    package var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

/// A connection to a service for sequential requests.
struct ServiceConnection {
    private let address: ServiceAddress
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    private var answers: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator

    /// Connects, runs `body` and closes the connection.
    ///
    /// - Throws: `NIOConnectionError` if nothing listens; errors of `body`.
    static func open<Result: Sendable>(
        to address: ServiceAddress,
        timeout: TimeAmount,
        _ body: (inout ServiceConnection) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(timeout)
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel
                    )
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = ServiceConnection(
                address: address,
                outbound: outbound,
                answers: inbound.makeAsyncIterator()
            )
            return try await body(&connection)
        }
    }

    /// Sends a request, waits for the complete response and discards its body.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path, relative to the service's prefix.
    ///   - body: The request's body, if any.
    ///   - isLast: Whether to ask the service to close the connection after its response.
    /// - Returns: The response's head.
    /// - Throws: `ChannelError.eof` if the service closes the connection without a response.
    mutating func send(
        _ method: HTTPMethod,
        _ path: String,
        body: ByteBuffer? = nil,
        isLast: Bool = false
    ) async throws -> HTTPResponseHead {
        var headers: HTTPHeaders = ["Host": address.authority, "User-Agent": "osprey/\(Osprey.version)"]
        if isLast { headers.add(name: "Connection", value: "close") }
        if let body { headers.add(name: "Content-Length", value: "\(body.readableBytes)") }
        let uri = "\(address.prefix)\(path)"
        do {
            let head = HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: headers)
            try await outbound.write(.head(head))
            if let body { try await outbound.write(.body(.byteBuffer(body))) }
            try await outbound.write(.end(nil))
        } catch is ChannelError {
            // A service that rejects a request may respond before it has read all of it.
        }
        var head: HTTPResponseHead?
        while let part = try await answers.next() {
            switch part {
            case .head(let answer): head = answer
            case .body: break
            case .end: if let head { return head }
            }
        }
        if let head { return head }
        throw ChannelError.eof
    }
}
