internal import AsyncHTTPClient
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Fetches pictures from the addresses that clients name, of hosts that the operator allows.
///
/// A client could otherwise make the service call what only the service can reach. A name must therefore resolve to public
/// addresses only, and the connection goes to the address that was checked. Addresses of private networks, as of a camera,
/// are fetched if they are allowed as such. Redirects are checked like the first address.
package struct PictureFetcher: Sendable {
    private let names: Set<String>
    private let domains: [String]
    private let allowsAnyHost: Bool
    private let addresses: Set<NetworkAddress>
    private let maximumBytes: Int

    private static let maximumRedirects = 3
    private static let connectTimeout = TimeAmount.seconds(5)
    /// Time for a picture to arrive, if the request's deadline is not earlier.
    private static let timeout = Duration.seconds(10)

    /// Makes a fetcher.
    ///
    /// - Parameters:
    ///   - allowedHosts: Names, `*.DOMAIN`, addresses, or `*` for every public host.
    ///   - maximumBytes: Maximum size of a picture in bytes.
    package init(allowedHosts: [String], maximumBytes: Int) {
        let hosts = allowedHosts.map { $0.lowercased() }
        addresses = Set(hosts.compactMap { NetworkAddress($0) })
        names = Set(hosts.filter { NetworkAddress($0) == nil && !$0.hasPrefix("*") })
        domains = hosts.filter { $0.hasPrefix("*.") }.map { String($0.dropFirst()) }
        allowsAnyHost = hosts.contains("*")
        self.maximumBytes = maximumBytes
    }

    /// Fetches a picture.
    ///
    /// - Parameters:
    ///   - url: Its address: `http` or `https`.
    ///   - deadline: Latest time for it to arrive.
    ///   - take: Called with the number of bytes of each part that arrives; an error ends the download.
    /// - Returns: The bytes.
    /// - Throws: ``FetchError``; errors of `take`; `CancellationError`.
    package func fetch(
        _ url: String,
        deadline: ContinuousClock.Instant,
        take: @Sendable (Int) throws -> Void = { _ in }
    ) async throws -> [UInt8] {
        var target = try Target(url)
        let end = min(deadline, .now + Self.timeout)
        for _ in 0...Self.maximumRedirects {
            switch try await request(target, until: end, take: take) {
            case .picture(let bytes): return bytes
            case .redirect(let location): target = try Target(location, relativeTo: target)
            }
        }
        throw FetchError(.invalid, "The picture's address redirects more than \(Self.maximumRedirects) times.")
    }

    /// An address that was parsed.
    private struct Target {
        var url: URL
        /// In lower case, without brackets.
        var host: String

        init(_ text: String, relativeTo base: Target? = nil) throws(FetchError) {
            guard text.utf8.count <= 4096, let url = URL(string: text, relativeTo: base?.url)?.absoluteURL,
                ["http", "https"].contains(url.scheme?.lowercased()), let host = url.host(), !host.isEmpty,
                url.user() == nil, !host.contains("%"),
                var components = URLComponents(url: url, resolvingAgainstBaseURL: true)
            else { throw FetchError(.invalid, "The picture's address must be a URL of http or https.") }
            let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
            self.host = (name.hasSuffix(".") ? String(name.dropLast()) : name).lowercased()
            // The client must connect to exactly the host that is checked.
            components.host = self.host.contains(":") ? "[\(self.host)]" : self.host
            components.fragment = nil
            guard let url = components.url else {
                throw FetchError(.invalid, "The picture's address must be a URL of http or https.")
            }
            self.url = url
        }
    }

    private enum Outcome {
        case picture([UInt8])
        case redirect(String)
    }

    private func request(
        _ target: Target,
        until end: ContinuousClock.Instant,
        take: @Sendable (Int) throws -> Void
    ) async throws -> Outcome {
        let address = try await checkedAddress(of: target.host)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: Self.connectTimeout)
        )
        configuration.dnsOverride = [target.host: address.text]
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        do {
            return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
                var request = HTTPClientRequest(url: target.url.absoluteString)
                request.headers.add(name: "User-Agent", value: "osprey")
                request.headers.add(name: "Accept", value: "image/*")
                let remaining = TimeAmount(end - .now)
                let response = try await client.execute(request, timeout: remaining)
                return try await outcome(of: response, take: take)
            }
        } catch let error as HTTPClientError {
            let reason = [.deadlineExceeded, .readTimeout, .connectTimeout].contains(error) ? "in time" : "completely"
            throw FetchError(.unreachable, "The picture at \(target.host) did not arrive \(reason).", cause: error)
        } catch  where error is NIOConnectionError || error is IOError {
            throw FetchError(.unreachable, "Nothing answers at \(target.host), or the connection broke.", cause: error)
        }
    }

    private func outcome(
        of response: HTTPClientResponse,
        take: @Sendable (Int) throws -> Void
    ) async throws -> Outcome {
        if (300..<400).contains(response.status.code), let location = response.headers.first(name: "Location") {
            return .redirect(location)
        }
        guard response.status == .ok else {
            throw FetchError(.invalid, "The picture's address answers with status \(response.status.code).")
        }
        if let type = response.headers.first(name: "Content-Type")?.lowercased() {
            guard type.hasPrefix("image/") || type.hasPrefix("application/octet-stream") else {
                throw FetchError(.invalid, "The picture's address has no picture, but \(type.prefix(64)).")
            }
        }
        let tooLarge = FetchError(.tooLarge, "The picture is larger than the limit of \(maximumBytes) bytes.")
        if let length = response.headers.first(name: "Content-Length").flatMap({ Int($0) }), length > maximumBytes {
            throw tooLarge
        }
        var bytes: [UInt8] = []
        for try await part in response.body {
            guard bytes.count + part.readableBytes <= maximumBytes else { throw tooLarge }
            try take(part.readableBytes)
            bytes.append(contentsOf: part.readableBytesView)
        }
        return .picture(bytes)
    }

    /// Returns the address to connect to.
    private func checkedAddress(of host: String) async throws -> NetworkAddress {
        if let address = NetworkAddress(host) {
            guard addresses.contains(address) || (allowsAnyHost && address.isPublic) else {
                throw Self.notAllowed(host)
            }
            return address
        }
        guard allowsAnyHost || names.contains(host) || domains.contains(where: host.hasSuffix) else {
            throw Self.notAllowed(host)
        }
        let found = try await NIOThreadPool.singleton.runIfActive { NetworkAddress.all(of: host) }
        guard let first = found.first else { throw FetchError(.unreachable, "There is no host called \(host).") }
        guard found.allSatisfy({ $0.isPublic || addresses.contains($0) }) else {
            throw FetchError(.forbidden, "\(host) is in a private network, whose addresses have to be allowed as such.")
        }
        return first
    }

    private static func notAllowed(_ host: String) -> FetchError {
        FetchError(.forbidden, "Pictures are not fetched from \(host.prefix(255)): --fetch-hosts does not allow it.")
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        self = .nanoseconds(Int64(max(0, min(1e18, duration / .nanoseconds(1)))))
    }
}
