internal import FoundationEssentials
internal import SystemPackage

/// A folder with copies of what is public: `models/NAME.SUFFIX`, `NAME.zip`, and `SHA256SUMS`, which lists them.
package struct Mirror: Sendable {
    let folder: String
    /// SHA-256 by path in the folder.
    private let digests: [String: String]

    /// Opens a mirror.
    ///
    /// - Parameter folder: Its path.
    /// - Throws: ``AssetError`` if its list cannot be read.
    package init(_ folder: String) throws(AssetError) {
        guard let list = try? String(contentsOf: URL(filePath: "\(folder)/SHA256SUMS"), encoding: .utf8) else {
            throw AssetError("The mirror \(folder) has no SHA256SUMS that can be read")
        }
        self.folder = folder
        let rows = list.split(whereSeparator: \.isNewline).compactMap { line -> (String, String)? in
            let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            guard parts.count == 2 else { return nil }
            let path = parts[1].trimmingPrefix { $0.isWhitespace || $0 == "*" }
            return (String(path.hasPrefix("./") ? path.dropFirst(2) : path), String(parts[0]))
        }
        digests = Dictionary(rows) { $1 }
    }

    /// Whether the list has a file.
    func has(_ path: String) -> Bool { digests[path] != nil }

    /// Copies a file that the list has, and verifies its SHA-256.
    ///
    /// - Throws: ``AssetError``.
    func copy(_ path: String, to target: String) throws(AssetError) {
        let source = "\(folder)/\(path)"
        var part = try PartialFile(of: target)
        try part.truncate(to: 0)
        guard let bytes = try? Data(contentsOf: URL(filePath: source), options: .mappedIfSafe) else {
            throw AssetError("\(source) cannot be read")
        }
        try part.append(bytes.bytes)
        guard try part.finish(sha256: digests[path] ?? "") else {
            throw AssetError("\(source) is damaged: its SHA-256 is not the one in SHA256SUMS")
        }
    }
}
