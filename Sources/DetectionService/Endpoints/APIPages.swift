/// The API pages, and a start page for installations without the web page.
enum APIPages {
    /// Allows no content from other hosts; ReDoc would fetch a logo.
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
        <p>Detects objects in pictures. Try it:</p>
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
