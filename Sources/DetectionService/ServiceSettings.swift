/// Limits and timeouts of the service.
package struct ServiceSettings: Sendable {
    /// Version of the service in the OpenAPI document.
    package var version: String
    /// Maximum size of a request's body in bytes.
    package var maximumBodyBytes = 32 << 20
    /// Maximum number of pixels of a picture.
    package var maximumPixels = 50_000_000
    /// Maximum number of bytes of bodies and large responses in memory, over all connections.
    package var maximumBodyBytesInFlight = 256 << 20
    /// Deadline of a request, after which it gets 504; clients can shorten it.
    package var requestTimeout: Duration = .seconds(30)
    /// Time in which a client must send its next request's head, or read its response.
    package var idleTimeout: Duration = .seconds(60)
    /// Maximum number of connections; further ones wait in the operating system's queue.
    package var maximumConnections = 1024
    /// SHA-256 of the accepted API keys, in hexadecimal digits; if empty, no key is needed.
    package var apiKeyHashes: [String] = []
    /// Names in `Host` that are answered, besides addresses, `localhost` and this machine's name.
    package var allowedHosts: [String] = []
    /// Origins whose pages may use the service; `*` allows all.
    package var corsOrigins: [String] = []
    /// Directory with the assets of the API pages; nil does not serve any.
    package var apiPagesDirectory: String?
    /// Directory with the web page; if it does not exist, a short start page is shown.
    package var webPageDirectory = "Public"

    /// Names of the other servers' APIs that are served.
    package var dialects = ServiceSettings.allDialects
    /// Hosts from which pictures may be fetched for clients: names, `*.DOMAIN`, addresses, or `*`; if empty, none is.
    package var fetchHosts: [String] = []
    /// Maximum number of streams.
    package var maximumStreams = 16
    /// Directory with the events of streams.
    package var eventsDirectory = "events"
    /// Maximum number of bytes of all events and their pictures.
    package var eventsQuotaBytes = 1 << 30
    /// Path of a file with certificates that are trusted when events are sent, besides the system's; nil for none.
    package var notificationAuthorities: String?
    /// Names of all other servers' APIs.
    package static let allDialects = [
        DeepStack.name, Roboflow.name, OpenInference.name, Ultralytics.name, HuggingFace.name,
    ]

    package init(version: String) {
        self.version = version
    }
}
