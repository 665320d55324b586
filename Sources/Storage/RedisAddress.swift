/// Where a Redis is, and how to get in: `redis://[[user]:password@]host[:port][/database]`.
///
/// `rediss://` encrypts the connection; the server's certificate is checked against the system's roots, or against those
/// in a file: `rediss://host?ca=/etc/redis/ca.pem`. User, password and file may be percent-encoded.
public struct RedisAddress: Hashable, Sendable {
    /// Name or address of the host, without brackets.
    public let host: String
    /// The port, in `1...65535`.
    public let port: UInt16
    /// The number of the database.
    public let database: Int
    /// Whether the connection is encrypted with TLS.
    public let isEncrypted: Bool

    /// The user of Redis' access control list; nil is its default user.
    let user: String?
    let password: String?
    /// Path of the file with the certificates to trust; nil are the system's.
    let authorities: String?

    /// Whether a text is meant to be such an address, right or wrong.
    public static func isAddress(_ text: String) -> Bool {
        text.hasPrefix(plainScheme) || text.hasPrefix(encryptedScheme)
    }

    private static let plainScheme = "redis://"
    private static let encryptedScheme = "rediss://"

    /// Reads an address.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed``, saying what is wrong without repeating any of it.
    public init(_ text: String) throws(StorageError) {
        guard Self.isAddress(text) else { throw Self.wrong("it begins with neither redis:// nor rediss://") }
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
            throw Self.wrong("only rediss:// takes ca=FILE")
        }
    }

    private static func wrong(_ what: String) -> StorageError {
        StorageError(
            .failed,
            "the address of Redis is wrong: \(what); it is redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]"
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
            else { throw wrong("the \(name) has a % without two hexadecimal digits") }
            bytes.append(decoded)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw wrong("the \(name) is no UTF-8") }
        return decoded
    }

    private static func credentials(_ text: Substring) throws(StorageError) -> (user: String?, password: String?) {
        guard case (let user, let password?) = split(text, at: text.firstIndex(of: ":")), !password.isEmpty else {
            throw wrong("there is no password before the @; a password alone is written :PASSWORD@")
        }
        return (user.isEmpty ? nil : try decode(user, "user"), try decode(password, "password"))
    }

    private static func hostAndPort(_ text: Substring) throws(StorageError) -> (host: String, port: UInt16) {
        let host: Substring
        var port: Substring?
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw wrong("something follows the ] of the host") }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            (host, port) = split(text, at: text.firstIndex(of: ":"))
        }
        guard !host.isEmpty, host.utf8.allSatisfy(hostBytes.contains) else {
            throw wrong("the host is no name or address; / ? # @ : in a password have to be percent-encoded")
        }
        guard let port else { return (String(host), 6379) }
        guard let number = number(port).flatMap(UInt16.init(exactly:)), number > 0 else {
            throw wrong("the port is no number from 1 to 65535; / ? # @ : in a password have to be percent-encoded")
        }
        return (String(host), number)
    }

    /// What may be in a name or address.
    private static let hostBytes = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%".utf8)

    private static func database(_ path: Substring) throws(StorageError) -> Int {
        guard !path.isEmpty else { return 0 }
        guard let number = number(path) else { throw wrong("the database is no number") }
        return number
    }

    /// A number of digits alone: no sign.
    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) ? Int32(text).map(Int.init) : nil
    }

    private static func authorities(_ query: Substring) throws(StorageError) -> String {
        let name = "ca="
        guard query.hasPrefix(name), query.count > name.count, !query.contains("&") else {
            throw wrong("only ca=FILE may follow the ?")
        }
        return try decode(query.dropFirst(name.count), "file of certificates")
    }
}

extension RedisAddress: CustomStringConvertible, CustomReflectable {
    /// The address without its password.
    public var description: String {
        let credentials = password == nil ? "" : "\(user ?? ""):***@"
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(isEncrypted ? Self.encryptedScheme : Self.plainScheme)\(credentials)\(host):\(port)/\(database)"
    }

    /// Nothing but the description, so that no dump shows the password.
    public var customMirror: Mirror { Mirror(self, children: [("description", description)]) }
}
