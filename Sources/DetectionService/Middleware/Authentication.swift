internal import HTTPTypes
internal import Hummingbird
internal import Storage

/// Admits requests that carry one of the configured API keys.
struct Authentication: Sendable {
    private let hashes: [[UInt8]]

    /// - Parameter hashes: SHA-256 of the keys, in hexadecimal digits; if empty, no key is needed.
    init(hashes: [String]) {
        self.hashes = hashes.map { Array($0.lowercased().utf8) }
    }

    var isRequired: Bool { !hashes.isEmpty }

    /// Checks `Authorization: Bearer`, `X-API-Key`, and a key from elsewhere in the request.
    ///
    /// - Throws: ``Problem`` (401) if none of them is known.
    func check(_ request: Request, key other: String? = nil) throws {
        try check(authorization: request.headers[.authorization], keys: [other, request.headers[.apiKey]])
    }

    /// Checks keys, and that of `Authorization: Bearer`.
    ///
    /// - Throws: ``Problem`` (401) if none of them is known.
    func check(authorization: String?, keys: [String?]) throws {
        guard isRequired else { return }
        // Clients may send an empty or invented one, and a proxy adds the right one.
        let given = (keys + [authorization.flatMap(Self.key)]).compactMap(\.self).filter { !$0.isEmpty }
        guard !given.isEmpty else {
            throw Self.rejection("This service requires an API key: send Authorization: Bearer KEY, or X-API-Key: KEY.")
        }
        guard given.contains(where: isKnown) else { throw Self.rejection("The API key is unknown.") }
    }

    private func isKnown(_ key: String) -> Bool {
        let hash = Array(Digest.sha256(of: Array(key.utf8)).utf8)
        // Compares every byte of every hash, so that the duration reveals nothing.
        return hashes.reduce(false) { found, known in Self.isEqual(known, hash) || found }
    }

    private static func key(of authorization: String) -> String? {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        return parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : nil
    }

    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func rejection(_ detail: String) -> Problem {
        Problem(.unauthorized, detail, headers: [.wwwAuthenticate: "Bearer"])
    }
}
