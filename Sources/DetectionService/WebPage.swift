internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Storage

/// The files of the web page, read once at start.
struct WebPage: Sendable {
    /// Allows no content from other hosts and no inline code; `blob:` is for pictures in the page's memory.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
        manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
        """
    private static let mediaTypes = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml", "png": "image/png", "webmanifest": "application/manifest+json",
    ]

    private struct File {
        var bytes: ByteBuffer
        var headers: HTTPFields
    }

    private let files: [String: File]

    /// Reads the files of a directory, without its subdirectories; an unreadable directory counts as empty.
    init(directory: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        files = names.reduce(into: [:]) { files, name in
            guard let mediaType = Self.mediaTypes[String(name.split(separator: ".").last ?? "")],
                let data = try? Data(contentsOf: URL(filePath: "\(directory)/\(name)"))
            else { return }
            let bytes = [UInt8](data)
            files[name] = File(
                bytes: ByteBuffer(bytes: bytes),
                headers: [
                    .contentType: mediaType, .eTag: "\"\(Digest.sha256(of: bytes))\"", .cacheControl: "no-cache",
                    .contentSecurityPolicy: Self.policy, .referrerPolicy: "no-referrer",
                ]
            )
        }
    }

    var isInstalled: Bool { files["index.html"] != nil }

    /// Responds with a file, or with 304 if the client's copy is current.
    ///
    /// - Throws: ``Problem`` (404) if there is no such file.
    func response(to request: Request, file name: String) throws -> Response {
        guard let file = files[name] else { throw Problem(.notFound, "The page has no file \(name).") }
        if let tag = file.headers[.eTag], request.matches(entityTag: tag) {
            return Response(status: .notModified, headers: file.headers)
        }
        return Response(status: .ok, headers: file.headers, body: ResponseBody(byteBuffer: file.bytes))
    }
}
