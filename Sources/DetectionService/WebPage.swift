internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Storage

/// The files of the page for people, read once.
struct WebPage: Sendable {
    /// Nothing from elsewhere, nothing inside the document; pictures from the page's own memory are `blob:`.
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

    /// Reads a folder; one that cannot be read has no files.
    ///
    /// - Parameter directory: The folder; those inside it are left out.
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

    /// Whether there is a page to show.
    var isThere: Bool { files["index.html"] != nil }

    /// Answers with a file, or that the client's own is still the same.
    ///
    /// - Throws: ``Problem`` (404) where there is no such file.
    func answer(_ request: Request, with name: String) throws -> Response {
        guard let file = files[name] else { throw Problem(.notFound, "The page has no file \(name).") }
        if let tag = file.headers[.eTag], request.matches(entityTag: tag) {
            return Response(status: .notModified, headers: file.headers)
        }
        return Response(status: .ok, headers: file.headers, body: ResponseBody(byteBuffer: file.bytes))
    }
}
