internal import Basics
internal import FoundationEssentials

/// Where moving pictures come from.
package struct VideoSource: Hashable, Sendable {
    enum Kind: Hashable {
        case file
        /// A camera that is connected to this machine.
        case device
        case network
    }

    let kind: Kind
    /// The path or address, which may hold a password.
    let location: String

    /// Schemes of addresses.
    package static let schemes = ["rtsp", "rtsps", "http", "https"]
    private static let maximumLength = 2048

    /// A video file, of any format that ffmpeg reads.
    package init(file path: String) {
        kind = .file
        location = path
    }

    /// Reads the address of a camera or stream.
    ///
    /// - Parameter address: An address with one of ``schemes``, or `/dev/videoN`.
    /// - Throws: ``VideoError`` with `invalidAddress`.
    package init(address: String) throws(VideoError) {
        location = address
        if let number = address.utf8.dropPrefix("/dev/video"), (1...4).contains(number.count),
            number.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        {
            kind = .device
            return
        }
        kind = .network
        func invalid(_ reason: String) -> VideoError { VideoError(.invalidAddress, reason) }
        guard address.utf8.count <= Self.maximumLength else {
            throw invalid("must not be longer than \(Self.maximumLength) bytes")
        }
        guard let scheme = Self.scheme(of: address), Self.schemes.contains(scheme) else {
            throw invalid(
                "must begin with \(Self.schemes.map { "\($0)://" }.joined(separator: ", ")) or be /dev/videoN"
            )
        }
        // It becomes part of a list for ffmpeg, in quotes.
        let isPlain = address.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"'\"\\<>`".utf8.contains($0) }
        guard isPlain else {
            throw invalid("must not contain spaces, quotes, backslashes or characters beyond ASCII: encode them as %20")
        }
        guard let url = URL(string: address), let host = url.host(), !host.isEmpty else {
            throw invalid("must name a host, as in rtsp://camera.local/stream")
        }
    }

    /// Whether a text is an address rather than a path.
    package static func isAddress(_ text: String) -> Bool {
        scheme(of: text) != nil || text.hasPrefix("/dev/video")
    }

    private static func scheme(of address: String) -> String? {
        guard let colon = address.firstRange(of: "://") else { return nil }
        let scheme = address[..<colon.lowerBound].lowercased()
        return !scheme.isEmpty && scheme.utf8.allSatisfy { (0x61...0x7A).contains($0) } ? scheme : nil
    }

    /// Whether pictures come at their own pace, so that one who falls behind loses some.
    package var isLive: Bool { kind != .file }

    /// The path or address without user, password and query, which may be secret.
    package var description: String { Self.description(of: location) }

    /// A path or address without user, password and query, whether it is valid or not.
    package static func description(of location: String) -> String {
        guard scheme(of: location) != nil, let colon = location.firstRange(of: "://") else {
            return location.printable()
        }
        var rest = location[colon.upperBound...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        // Of an address that is not valid, all that may belong to a password.
        if let at = rest[..<end].lastIndex(of: "@") ?? rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        let query = rest.firstIndex { "?#".contains($0) }
        return "\(location[..<colon.upperBound])\(rest[..<(query ?? rest.endIndex)])".printable(limit: 300)
    }

    /// The path of a file or camera, or scheme, host and port of an address: what follows is often a password.
    package var origin: String {
        guard kind == .network, let colon = description.firstRange(of: "://"),
            let slash = description[colon.upperBound...].firstIndex(of: "/")
        else { return description }
        let path = description[slash...]
        return path == "/" && !location.contains("?") ? description : "\(description[..<slash])/…"
    }

    /// Whether its pictures may come without times of their own.
    package var mayLackTimes: Bool { kind == .network && location.lowercased().hasPrefix("http") }

    /// Whether it only ends when something is wrong.
    package var isEndless: Bool { kind == .device || kind == .network && location.lowercased().hasPrefix("rtsp") }

    /// Removes what may be secret from a message about this source.
    package func redacting(_ message: String) -> String {
        guard kind == .network, let colon = location.firstRange(of: "://") else { return message }
        var text = message.replacing(location, with: origin)
        let rest = location[colon.upperBound...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        if let at = rest[..<end].lastIndex(of: "@") {
            let user = rest[..<at]
            text = text.replacing("\(user)@", with: "")
            if let password = user.firstIndex(of: ":").map({ user[user.index(after: $0)...] }), password.count >= 3 {
                text = text.replacing(password, with: "***")
            }
        }
        let query = rest.firstIndex { "?#".contains($0) } ?? rest.endIndex
        text = text.replacing(rest[query...], with: "")
        let path = rest[end..<query]
        if path.count >= 3 { text = text.replacing(path, with: "/…") }
        return text
    }
}

extension String.UTF8View {
    /// The rest after a prefix; nil without it.
    fileprivate func dropPrefix(_ prefix: String) -> Substring.UTF8View? {
        starts(with: prefix.utf8) ? dropFirst(prefix.utf8.count) : nil
    }
}
