internal import Basics
internal import Foundation
internal import Storage

/// Where events are sent: an address of http, https, mqtt or mqtts.
package struct Destination: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case webhook
        case mqtt
    }

    static let schemes = ["http", "https", "mqtt", "mqtts"]

    package let kind: Kind
    package let isEncrypted: Bool
    /// Without brackets.
    package let host: String
    /// In `1...65535`.
    package let port: Int
    let user: String?
    let password: String?
    /// Of a webhook, path and query; of a broker, the topic that all others begin with.
    package let path: String

    static let defaultTopic = "osprey"

    /// Parses an address.
    ///
    /// - Throws: ``NotificationError``; the message repeats no part of the address, which may be secret.
    package init(_ address: String) throws(NotificationError) {
        guard address.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw NotificationError("must not contain spaces or characters beyond ASCII: encode them as %20")
        }
        guard let components = URLComponents(string: address), let scheme = components.scheme?.lowercased(),
            Self.schemes.contains(scheme)
        else {
            let schemes = Self.schemes.map { "\($0)://" }.joined(separator: ", ")
            throw NotificationError("must be an address that begins with \(schemes)")
        }
        guard let host = components.host, !host.isEmpty,
            host.wholeMatch(of: /[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]/) != nil
        else {
            throw NotificationError("must name a host, as in \(scheme)://home.local")
        }
        guard components.fragment == nil else { throw NotificationError("must not have a part after #") }
        kind = scheme.hasPrefix("http") ? .webhook : .mqtt
        isEncrypted = scheme.hasSuffix("s")
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let defaultPort = kind == .webhook ? (isEncrypted ? 443 : 80) : (isEncrypted ? 8883 : 1883)
        port = components.port ?? defaultPort
        guard (1...65_535).contains(port) else { throw NotificationError("must have a port between 1 and 65535") }
        (user, password) = (components.user, components.password)
        if kind == .webhook {
            let path = components.percentEncodedPath
            self.path = (path.isEmpty ? "/" : path) + (components.percentEncodedQuery.map { "?\($0)" } ?? "")
        } else {
            let topic = components.path.split(separator: "/", omittingEmptySubsequences: true).joined(separator: "/")
            guard components.query == nil, topic.utf8.count <= 256, !topic.contains(where: { "+#\0$".contains($0) })
            else { throw NotificationError("must have a topic without +, #, $ and ? as its path, or none") }
            self.path = topic.isEmpty ? Self.defaultTopic : topic
        }
    }

    /// The address of a webhook, without user and password.
    var url: String { "http\(isEncrypted ? "s" : "")://\(authority)\(path)" }

    /// Host and port.
    var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// Tells receivers apart, whoever logs in, without saying what may be secret.
    var identity: String {
        let text = "\(kind) \(authority) \(path)"
        return Digest.sha256(of: Array(text.utf8))
    }

    /// The address without what may be secret: of a webhook also its path.
    package var description: String {
        switch kind {
        case .webhook: "http\(isEncrypted ? "s" : "")://\(authority)\(path == "/" ? "" : "/…")"
        case .mqtt: "mqtt\(isEncrypted ? "s" : "")://\(authority)/\(path)".printable(limit: 300)
        }
    }
}
