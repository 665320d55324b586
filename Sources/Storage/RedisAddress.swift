/// Address and credentials of a Redis server: `redis://[[user]:password@]host[:port][/database]`.
///
/// `rediss://` encrypts the connection and verifies the server's certificate against the system's root certificates, or
/// against those in a file: `rediss://host?ca=/etc/redis/ca.pem`. User, password and file may be percent-encoded.
package struct RedisAddress: Hashable, Sendable {
    /// Host name or IP address, without brackets.
    package let host: String
    /// Port, in `1...65535`.
    package let port: UInt16
    /// Number of the database.
    package let database: Int
    /// Whether the connection is encrypted with TLS.
    package let isEncrypted: Bool

    /// User of Redis' access control list; nil selects the default user.
    let user: String?
    let password: String?
    /// Path of a file with the trusted certificates; nil selects the system's.
    let authorities: String?

    /// Returns whether a text has the scheme of a Redis address, whether the rest is valid or not.
    package static func isAddress(_ text: String) -> Bool {
        text.hasPrefix(plainScheme) || text.hasPrefix(encryptedScheme)
    }

    private static let plainScheme = "redis://"
    private static let encryptedScheme = "rediss://"

    /// Parses an address.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed``. The message repeats no part of the address, which
    ///   may contain a password.
    package init(_ text: String) throws(StorageError) {
        guard Self.isAddress(text) else { throw Self.wrong("it must begin with redis:// or rediss://") }
        isEncrypted = text.hasPrefix(Self.encryptedScheme)
        let rest = text.dropFirst((isEncrypted ? Self.encryptedScheme : Self.plainScheme).count)

        let (location, query) = Self.split(rest, at: rest.firstIndex(of: "?"))
        let (authority, path) = Self.split(location, at: location.firstIndex(of: "/"))
        let at = authority.lastIndex(of: "@")
        let hostAndPort = at.map { authority[authority.index(after: $0)...] } ?? authority

        let credentials = try at.map { at throws(StorageError) in try Self.credentials(authority[..<at]) }
        (user, password) = (credentials?.user, credentials?.password)
        (host, port) = try Self.hostAndPort(hostAndPort)
        database = try Self.database(path ?? "")
        authorities = try query.map { query throws(StorageError) in try Self.authorities(query) }
        guard isEncrypted || authorities == nil else {
            throw Self.wrong("ca=FILE requires rediss://")
        }
    }

    private static func wrong(_ what: String) -> StorageError {
        StorageError(
            .failed,
            "the Redis address is invalid: \(what); use redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]"
        )
    }

    private static func split(_ text: Substring, at index: Substring.Index?) -> (Substring, Substring?) {
        index.map { (text[..<$0], text[text.index(after: $0)...]) } ?? (text, nil)
    }

    private static func decode(_ text: Substring, _ name: String) throws(StorageError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard case let digits = Substring(rest.prefix(2)), digits.utf8.count == 2, digits.first != "+",
                let decoded = UInt8(digits, radix: 16)
            else { throw wrong("the \(name) has a % that is not followed by two hexadecimal digits") }
            bytes.append(decoded)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw wrong("the \(name) is not UTF-8") }
        return decoded
    }

    private static func credentials(_ text: Substring) throws(StorageError) -> (user: String?, password: String?) {
        guard case (let user, let password?) = split(text, at: text.firstIndex(of: ":")), !password.isEmpty else {
            throw wrong("there is no password before the @; without a user, write :PASSWORD@")
        }
        return (user.isEmpty ? nil : try decode(user, "user"), try decode(password, "password"))
    }

    private static func hostAndPort(_ text: Substring) throws(StorageError) -> (host: String, port: UInt16) {
        let host: Substring
        var port: Substring?
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw wrong("only a port may follow the ] of the host") }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            (host, port) = split(text, at: text.firstIndex(of: ":"))
        }
        guard !host.isEmpty, host.utf8.allSatisfy(hostBytes.contains) else {
            throw wrong("the host is not a name or address; / ? # @ : in a password must be percent-encoded")
        }
        guard let port else { return (String(host), 6379) }
        guard let number = number(port).flatMap(UInt16.init(exactly:)), number > 0 else {
            throw wrong("the port is not a number from 1 to 65535; / ? # @ : in a password must be percent-encoded")
        }
        return (String(host), number)
    }

    /// Bytes allowed in a host name or IP address.
    private static let hostBytes = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%".utf8)

    private static func database(_ path: Substring) throws(StorageError) -> Int {
        guard !path.isEmpty else { return 0 }
        guard let number = number(path) else { throw wrong("the database is not a number") }
        return number
    }

    /// Parses a 32-bit number of decimal digits only, without a sign.
    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) ? Int32(text).map(Int.init) : nil
    }

    private static func authorities(_ query: Substring) throws(StorageError) -> String {
        let name = "ca="
        guard query.hasPrefix(name), query.count > name.count, !query.contains("&") else {
            throw wrong("only ca=FILE may follow the ?")
        }
        return try decode(query.dropFirst(name.count), "certificate file")
    }
}

extension RedisAddress: CustomStringConvertible, CustomReflectable {
    /// The address with the password masked.
    package var description: String {
        let credentials = password == nil ? "" : "\(user ?? ""):***@"
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(isEncrypted ? Self.encryptedScheme : Self.plainScheme)\(credentials)\(host):\(port)/\(database)"
    }

    /// A mirror of the description only, so that dumps do not show the password.
    package var customMirror: Mirror { Mirror(self, children: [("description", description)]) }
}
