internal import AsyncHTTPClient
internal import Basics
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import SystemPackage

/// Downloads files through the proxy that `HTTPS_PROXY` names, if any.
package struct Downloader: Sendable {
    /// Receives a file's name, and how many of its bytes have arrived.
    package typealias Progress = @Sendable (_ name: String, _ done: Int, _ total: Int) -> Void

    /// Number of connections that bring nothing, or the wrong bytes.
    private static let attempts = 3
    private static let maximumConnections = 100
    private static let connectTimeout = TimeAmount.seconds(6)
    /// Time without a byte after which a connection is given up.
    private static let stallTimeout = TimeAmount.seconds(20)
    private static let timeout = TimeAmount.hours(1)

    private let environment: [String: String]
    private let progress: Progress

    /// - Parameters:
    ///   - environment: Variables, of which those for proxies are used.
    ///   - progress: Called when bytes have arrived.
    package init(environment: [String: String], progress: @escaping Progress) {
        self.environment = environment
        self.progress = progress
    }

    /// Downloads a file, goes on where an earlier download ended, and verifies the SHA-256.
    ///
    /// - Throws: ``AssetError``.
    package func download(_ file: RemoteFile, to target: String) async throws(AssetError) {
        var part = try PartialFile(of: target)
        var failures = 0
        for _ in 0..<Self.maximumConnections where failures < Self.attempts {
            if part.count > file.byteCount { try part.truncate(to: 0) }
            let start = part.count
            if start < file.byteCount { try await receive(file, to: &part) }
            if part.count == file.byteCount {
                if try part.finish(sha256: file.sha256) { return }
                part = try PartialFile(of: target)
                failures += 1
            } else if part.count <= start {
                failures += 1
            }
        }
        throw AssetError("\(file.url) was interrupted or delivered other bytes, \(Self.attempts) times")
    }

    /// Appends what arrives; a lost connection is no error.
    private func receive(_ file: RemoteFile, to part: inout PartialFile) async throws(AssetError) {
        let start = part.count
        var configuration = HTTPClient.Configuration(
            timeout: .init(connect: Self.connectTimeout, read: Self.stallTimeout)
        )
        // An interrupted stream of HTTP/2 has errors of its own.
        configuration.httpVersion = .http1Only
        configuration.proxy = proxy(for: file)
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(configuration: configuration)
        var outcome: Result<Void, any Error>
        do {
            outcome = .success(try await transfer(file, to: &part, by: client))
        } catch {
            outcome = .failure(error)
        }
        try? await client.shutdown()
        do {
            try outcome.get()
        } catch let error as AssetError {
            throw error
        } catch {
            // What has arrived is kept, and the next connection goes on.
            guard part.count == start else { return }
            throw AssetError("\(file.host), or a server that it names, cannot be reached (\(Self.reason(error)))")
        }
    }

    private func transfer(_ file: RemoteFile, to part: inout PartialFile, by client: HTTPClient) async throws {
        var request = HTTPClientRequest(url: file.url)
        request.headers.add(name: "User-Agent", value: "osprey")
        if part.count > 0 { request.headers.add(name: "Range", value: "bytes=\(part.count)-") }
        let response = try await client.execute(request, timeout: Self.timeout)
        guard response.status == .ok || response.status == .partialContent else {
            throw AssetError("\(file.url) returned \(response.status)")
        }
        // A server may ignore the range and send the complete file.
        if response.status == .ok { try part.truncate(to: 0) }
        for try await bytes in response.body {
            guard bytes.readableBytes <= file.byteCount - part.count else {
                throw AssetError("\(file.url) is more than \(file.byteCount) bytes")
            }
            try part.append(bytes.readableBytesSpan)
            progress(file.name, part.count, file.byteCount)
        }
    }

    private func proxy(for file: RemoteFile) -> HTTPClient.Configuration.Proxy? {
        func variable(_ name: String) -> String { environment[name] ?? environment[name.uppercased()] ?? "" }
        let exceptions = variable("no_proxy").split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        let isExcepted = exceptions.contains { name in
            name == "*" || file.host == name || file.host.hasSuffix(name.hasPrefix(".") ? name : ".\(name)")
        }
        let text = variable("https_proxy")
        guard !isExcepted, !text.isEmpty, let url = URL(string: text.contains("://") ? text : "http://\(text)"),
            let host = url.host()
        else { return nil }
        let authorization = url.user().map { user in
            HTTPClient.Authorization.basic(
                username: user.percentDecoded ?? user,
                password: url.password().map { $0.percentDecoded ?? $0 } ?? ""
            )
        }
        return .server(host: host, port: url.port ?? 80, authorization: authorization)
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError where error.dnsAError != nil: "its name is not known here"
        case let error as NIOConnectionError: error.connectionErrors.first.map { reason($0.error) } ?? "nothing answers"
        case let error as IOError: "\(Errno(rawValue: error.errnoCode))"
        case let error as HTTPClientError: error.shortDescription
        default: "\(error)"
        }
    }
}

extension RemoteFile {
    fileprivate var host: String { URL(string: url)?.host() ?? url }
}
