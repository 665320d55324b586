/// The limits and times of the service; the defaults suit one machine.
public struct ServiceSettings: Sendable {
    /// Version of the service, as in the OpenAPI document.
    public var version: String
    /// Most bytes of a request's body.
    public var maximumBodyBytes = 32 << 20
    /// Most pixels of a picture.
    public var maximumPixels = 50_000_000
    /// Most bytes of request bodies held in memory at the same time, over all connections.
    public var maximumBodyBytesInFlight = 256 << 20
    /// Time until a request is answered with 504; a client may ask for less, not for more.
    public var requestTimeout: Duration = .seconds(30)
    /// Time after which a connection without a request is closed, and one that does not finish a request's head.
    public var idleTimeout: Duration = .seconds(60)
    /// Most connections at the same time; more wait in the operating system's queue.
    public var maximumConnections = 1024
    /// SHA-256 of the API keys that are let in, in hexadecimal digits; without one, everybody is.
    public var apiKeyHashes: [String] = []
    /// Folder with the assets of the API pages; nil leaves the pages out.
    public var apiPagesDirectory: String?
    /// Folder with the web page; without one, a line of text stands in its place.
    public var webPageDirectory = "Public"

    /// The default settings.
    public init(version: String) {
        self.version = version
    }
}
