internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import NIOCore

/// `GET /openapi.json`: the API's description.
struct OpenAPI: Endpoint {
    private let body: [UInt8]
    let operation = Self.declaration

    /// - Parameters:
    ///   - operations: The calls to describe, besides this one.
    ///   - version: The service's version.
    ///   - requiresKey: Whether calls need an API key.
    /// - Throws: An error if the document cannot be encoded.
    init(describing operations: [Operation], version: String, requiresKey: Bool) throws {
        let all = operations + [Self.declaration]
        body = try encodeJSON(OpenAPIDocument(version: version, operations: all, requiresKey: requiresKey).json)
    }

    func respond(to call: Call) -> Response { .json(body) }

    private static let declaration = Operation(
        id: "openapi",
        method: .get,
        path: "/openapi.json",
        tag: .service,
        summary: "Describes the service in OpenAPI 3.1.",
        answers: [Operation.Answer(summary: "The document.", contents: [.json(.any)])],
        isOpen: true
    )
}

/// A web page.
struct Page: Endpoint {
    private let handle: @Sendable (Call) throws -> Response
    let operation: Operation

    /// A page whose HTML is fixed.
    init(_ path: String, id: String, html: String) {
        self.init(path, id: id) { _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/html; charset=utf-8", .contentSecurityPolicy: APIPages.policy],
                body: ResponseBody(byteBuffer: ByteBuffer(string: html))
            )
        }
    }

    init(
        _ path: String,
        id: String,
        pathFields: [Field] = [],
        handle: @escaping @Sendable (Call) throws -> Response
    ) {
        self.handle = handle
        operation = Operation(
            id: id,
            method: .get,
            path: path,
            tag: .service,
            summary: "A web page.",
            pathFields: pathFields,
            answers: [Operation.Answer(summary: "The page.", contents: [Operation.Content(mediaType: "text/html")])],
            isOpen: true
        )
    }

    func respond(to call: Call) throws -> Response { try handle(call) }

    /// The web page, its files, and the API pages.
    static func all(webPage: WebPage) -> [any Endpoint] {
        [
            webPage.isInstalled
                ? Page("/", id: "page") { try webPage.response(to: $0.request, file: "index.html") }
                : Page("/", id: "start", html: APIPages.start),
            Page("/live", id: "live_page") { try webPage.response(to: $0.request, file: "live.html") },
            Page("/page/{file}", id: "page_file", pathFields: [Field(name: "file", schema: .text(1...100))]) { call in
                try webPage.response(to: call.request, file: call.path.string("file") ?? "")
            },
            // Browsers ask for it on pages that name no icon, such as the API pages.
            Page("/favicon.ico", id: "icon") { call in
                webPage.isInstalled
                    ? try webPage.response(to: call.request, file: "icon.svg") : Response(status: .noContent)
            },
            Page("/docs", id: "docs", html: APIPages.swaggerUI),
            Page("/redoc", id: "redoc", html: APIPages.redoc),
        ]
    }
}
