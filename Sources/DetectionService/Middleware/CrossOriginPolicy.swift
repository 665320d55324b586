internal import Basics
internal import Glibc
internal import HTTPTypes
internal import Hummingbird

/// Decides which web pages may use the service.
///
/// A browser sends requests for any page that its user visits, also to services that only this machine can reach. Pages
/// of other origins may therefore not change anything and not read anything, unless they are allowed. The name in
/// `Host` is checked, because the owner of a domain can let its name point to this machine (DNS rebinding), which makes
/// a page of that domain one of the service's own.
/// - SeeAlso: Fetch, section 3.2 (CORS); RFC 9110, section 15.5.20 (421).
struct CrossOriginPolicy: Sendable {
    private let hosts: Set<String>
    private let domains: [String]
    private let allowsAnyHost: Bool
    private let origins: Set<String>
    private let allowsAnyOrigin: Bool

    /// - Parameters:
    ///   - allowedHosts: Names in `Host` besides addresses, `localhost` and this machine's name: a name, `*.domain` or
    ///     `*`.
    ///   - origins: Origins whose pages may use the service, such as `https://example.com:8443`, or `*`.
    init(allowedHosts: [String], origins: [String]) {
        let names = allowedHosts.map { $0.lowercased() }
        hosts = Set(names + Self.ownNames + ["localhost"])
        // Nobody can own a domain below these (RFC 6761; `internal` is reserved by ICANN): containers reach their host as
        // host.docker.internal.
        domains = names.filter { $0.hasPrefix("*.") }.map { String($0.dropFirst()) } + [".localhost", ".internal"]
        allowsAnyHost = names.contains("*")
        self.origins = Set(origins.map { $0.lowercased() })
        allowsAnyOrigin = origins.contains("*")
    }

    /// Rejects a request that a page which is not allowed may have caused.
    ///
    /// - Throws: ``Problem`` (421) for a name that is not the service's; (403) for a request that may change something
    ///   and comes from a page of another origin.
    func check(_ request: Request) throws(Problem) {
        try checkHost(of: request)
        guard ![.get, .head, .options].contains(request.method), isFromOtherOrigin(request), !isAllowed(request) else {
            return
        }
        throw refusal(of: request.headers[.origin])
    }

    /// Answers the request by which a browser asks whether a page may send another one; nil for all others.
    ///
    /// - Throws: ``Problem`` (403) if the page may not.
    func preflightAnswer(to request: Request) throws(Problem) -> Response? {
        guard request.method == .options, let origin = request.headers[.origin],
            request.headers[.accessControlRequestMethod] != nil
        else { return nil }
        guard isAllowed(request) else { throw refusal(of: origin) }
        var headers: HTTPFields = [
            .accessControlAllowMethods: "GET, HEAD, POST, PUT, DELETE",
            .accessControlAllowHeaders: """
            Authorization, Content-Encoding, Content-Type, If-None-Match, X-API-Key, X-Request-ID, X-Request-Timeout
            """,
            .accessControlMaxAge: "600",
        ]
        if request.headers[.privateNetworkRequest] == "true" { headers[.privateNetworkAnswer] = "true" }
        return Response(status: .noContent, headers: headers)
    }

    /// Adds the headers by which a browser lets an allowed page read the response.
    func addHeaders(to headers: inout HTTPFields, for request: Request) {
        guard !origins.isEmpty else { return }
        if !allowsAnyOrigin { headers[values: .vary].append("Origin") }
        guard let origin = request.headers[.origin], isAllowed(request) else { return }
        headers[.accessControlAllowOrigin] = allowsAnyOrigin ? "*" : origin
        headers[.accessControlExposeHeaders] = "ETag, Location, Osprey-Time, Retry-After, Server-Timing, X-Request-ID"
    }

    private func checkHost(of request: Request) throws(Problem) {
        // HTTP/1.0 needs no Host; browsers do not speak it.
        guard !allowsAnyHost, let authority = request.head.authority, !authority.isEmpty else { return }
        let name = Self.name(in: authority)
        guard !Self.isAddress(name), !hosts.contains(name), !domains.contains(where: { name.hasSuffix($0) }) else {
            return
        }
        let text = name.printable(limit: 64)
        throw Problem(
            .misdirected,
            "The service does not answer to the name \(text): use its address, or start it with --allowed-hosts \(text)."
        )
    }

    /// Whether the request comes from a page, and not from one of the service's own.
    private func isFromOtherOrigin(_ request: Request) -> Bool {
        // Browsers send it to addresses that they trust: by HTTPS, or on this machine.
        if let site = request.headers[.secFetchSite] { return site != "same-origin" && site != "none" }
        guard let origin = request.headers[.origin] else { return false }
        // A proxy may have terminated TLS, so the schemes may differ.
        guard let scheme = origin.firstRange(of: "://") else { return true }
        return origin[scheme.upperBound...].lowercased() != (request.head.authority ?? "").lowercased()
    }

    private func isAllowed(_ request: Request) -> Bool {
        allowsAnyOrigin || request.headers[.origin].map { origins.contains($0.lowercased()) } ?? false
    }

    private func refusal(of origin: String?) -> Problem {
        let page = origin.map { "Pages of \($0.printable(limit: 100))" } ?? "Pages of other sites"
        return Problem(
            .forbidden,
            "\(page) may not use this service; its operator can allow them with --cors-origins."
        )
    }

    /// The host's name in lower case, without port, brackets and the dot of a complete name.
    private static func name(in authority: String) -> String {
        let host =
            authority.hasPrefix("[")
            ? authority.dropFirst().prefix { $0 != "]" }
            : authority.prefix { $0 != ":" }
        return String(host.hasSuffix(".") ? host.dropLast() : host).lowercased()
    }

    private static func isAddress(_ name: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1
    }

    /// This machine's name, with and without its domain, and as multicast DNS publishes it.
    private static var ownNames: [String] {
        let name = HostName.current.lowercased()
        let label = String(name.prefix { $0 != "." })
        return [name, label, "\(label).local"]
    }
}

extension HTTPField.Name {
    fileprivate static let secFetchSite = named("Sec-Fetch-Site")
    fileprivate static let privateNetworkRequest = named("Access-Control-Request-Private-Network")
    fileprivate static let privateNetworkAnswer = named("Access-Control-Allow-Private-Network")
}
