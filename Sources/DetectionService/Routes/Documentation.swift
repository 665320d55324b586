internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

extension ServiceComponents {
    /// The OpenAPI document and the pages that show it.
    ///
    /// - Parameter operations: What the document describes, besides itself.
    /// - Returns: The operations that serve them.
    /// - Throws: An error when the document cannot be written.
    func documentation(of operations: [Operation]) throws -> [Operation] {
        var all = operations
        all.append(openAPI(body: []))
        let requiresKey = Authentication(hashes: settings.apiKeyHashes).isRequired
        let document = OpenAPIDocument(version: settings.version, operations: all, requiresKey: requiresKey)
        let webPage = WebPage(directory: settings.webPageDirectory)
        return [
            openAPI(body: try encodeJSON(document.json)),
            webPage.isThere
                ? page("/", id: "page") { try webPage.answer($0.request, with: "index.html") }
                : page("/", id: "start", APIPages.start),
            page("/page/{file}", id: "page_file", pathFields: [Field(name: "file", schema: .text(1...100))]) { call in
                try webPage.answer(call.request, with: call.path.string("file") ?? "")
            },
            page("/docs", id: "docs", APIPages.swaggerUI),
            page("/redoc", id: "redoc", APIPages.redoc),
        ]
    }

    private func openAPI(body: [UInt8]) -> Operation {
        Operation(
            id: "openapi",
            method: .get,
            path: "/openapi.json",
            tag: .service,
            summary: "Describes the service in OpenAPI 3.1.",
            answers: [Operation.Answer(summary: "The document.", contents: [.json(.any)])],
            isOpen: true
        ) { _ in
            Response(
                status: .ok,
                headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))
            )
        }
    }

    private func page(_ path: String, id: String, _ html: String) -> Operation {
        page(path, id: id) { _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/html; charset=utf-8", .contentSecurityPolicy: APIPages.policy],
                body: ResponseBody(byteBuffer: ByteBuffer(string: html))
            )
        }
    }

    private func page(
        _ path: String,
        id: String,
        pathFields: [Field] = [],
        _ handle: @escaping Operation.Handler
    ) -> Operation {
        Operation(
            id: id,
            method: .get,
            path: path,
            tag: .service,
            summary: "A page for people.",
            pathFields: pathFields,
            answers: [Operation.Answer(summary: "The page.", contents: [Operation.Content(mediaType: "text/html")])],
            isOpen: true,
            handle: handle
        )
    }
}

/// The pages about the API, and what stands in the web page's place where that is not installed.
private enum APIPages {
    /// Nothing from elsewhere: ReDoc would fetch a logo.
    static let policy = """
        default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
        script-src 'self' 'unsafe-inline'; worker-src blob:
        """

    static let start = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Osprey</title>
        <style>
        body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }
        pre { background: #8881; padding: 1rem; overflow-x: auto; }
        :root { color-scheme: light dark; }
        </style>
        <h1>Osprey</h1>
        <p>Finds objects in pictures. Try it:</p>
        <pre>curl --data-binary @picture.jpg http://localhost:1337/detect</pre>
        <p><a href="docs">Swagger UI</a> · <a href="redoc">ReDoc</a> · <a href="openapi.json">OpenAPI</a> ·
        <a href="models">Models</a> · <a href="metrics">Metrics</a></p>
        </html>
        """

    static let swaggerUI = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <title>Osprey: Swagger UI</title>
        <link rel="stylesheet" href="api-pages/swagger-ui/swagger-ui.css">
        <div id="swagger-ui"></div>
        <script src="api-pages/swagger-ui/swagger-ui-bundle.js"></script>
        <script>
        SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
        </script>
        </html>
        """

    static let redoc = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Osprey: ReDoc</title>
        <style>body { margin: 0; }</style>
        <div id="redoc"></div>
        <script src="api-pages/redoc/redoc.standalone.js"></script>
        <script>Redoc.init("openapi.json", { disableSearch: false }, document.getElementById("redoc"));</script>
        </html>
        """
}
