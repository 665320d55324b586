internal import DetectionService
internal import Imaging
internal import Inference
internal import Storage

/// The validated settings of `osprey serve`.
struct ServeConfiguration {
    var host: String
    /// Ports to listen on, the service's own first.
    var ports: [(port: Greeting.Port, number: Int)]
    var models: String
    /// Name of the default model; nil for the best that there is.
    var model: String?
    var data: String
    var dataset: String?
    /// Whether a model and pictures that are missing are downloaded.
    var mayDownload: Bool
    var store: String
    /// Used instead of a folder when several replicas share their pictures.
    var redis: RedisAddress?
    var storeQuotaBytes: Int
    var storeTimeToLiveSeconds: Int
    var cache: String
    var device: String
    var precision: Precision
    var isRectangular: Bool
    var embeddedProfile: EmbeddedProfile
    var acceptsTruncated: Bool
    var modelWatch: Duration
    var streams: Int?
    var threads: Int?
    var queue: Int?
    var drainDelay: Duration
    var shutdownTimeout: Duration
    var service: ServiceSettings
    var log: LogConfiguration

    init(options: ServeOptions) throws {
        let settings = try Settings(given: options.given, file: options.config, known: options.names)
        host = settings.text("host", default: "127.0.0.1")
        ports = [(.service, try settings.integer("port", in: 0...65_535, default: 1337))]
        if let number = try settings.integer("deepstack-port", in: 0...65_535) { ports.append((.deepStack, number)) }
        if let number = try settings.integer("grpc-port", in: 0...65_535) {
            #if GRPC
                ports.append((.grpc, number))
            #else
                throw CommandError.usage("This build has no gRPC on port \(number): build it with the trait GRPC.")
            #endif
        }
        let numbers = ports.map(\.number).filter { $0 > 0 }
        guard Set(numbers).count == numbers.count else {
            throw CommandError.usage("The settings port, deepstack-port and grpc-port must differ.")
        }
        models = settings.text("models", default: "models")
        model = settings.text("model")
        data = settings.text("data", default: "data")
        dataset = settings.text("dataset")
        mayDownload = try settings.mayDownload
        store = settings.text("store", default: "\(data)/store")
        storeQuotaBytes = try settings.integer("store-quota", in: 1...Int.max, default: 2 << 30)
        storeTimeToLiveSeconds = try settings.integer("store-ttl", in: RedisImageStore.timesToLiveSeconds, default: 0)
        do throws(StorageError) {
            redis = RedisAddress.isAddress(store) ? try RedisAddress(store) : nil
        } catch {
            throw CommandError.usage("The setting store cannot be used: \(error.message).")
        }
        guard storeTimeToLiveSeconds == 0 || redis != nil else {
            throw CommandError.usage(
                "The setting store-ttl needs a store in Redis: pictures in a folder do not expire."
            )
        }
        cache = settings.text("cache", default: "\(models)/.cache")
        device = settings.text("device", default: CompileOptions.usualDevice)
        precision = try settings.choice("precision", of: Precision.allCases.map { ($0.rawValue, $0) }, default: .auto)
        isRectangular = try settings.choice("input", of: [("rectangular", true), ("square", false)], default: true)
        embeddedProfile = try settings.embeddedProfile
        acceptsTruncated = try settings.acceptsTruncated
        modelWatch = try settings.seconds("model-watch", default: 2)
        streams = try settings.integer("streams", in: 1...1024)
        threads = try settings.integer("threads", in: 1...1024)
        queue = try settings.integer("queue", in: 0...100_000)
        drainDelay = try settings.seconds("drain-delay", default: 1)
        shutdownTimeout = try settings.seconds("shutdown-timeout", default: 30)
        service = try ServiceSettings(settings)
        log = try LogConfiguration(settings)
    }
}

extension Settings {
    var embeddedProfile: EmbeddedProfile {
        get throws {
            try choice("color-profiles", of: EmbeddedProfile.allCases.map { ($0.rawValue, $0) }, default: .apply)
        }
    }

    /// Whether a model and pictures that are missing are downloaded.
    var mayDownload: Bool {
        get throws { try choice("download", of: [("yes", true), ("no", false)], default: true) }
    }

    var acceptsTruncated: Bool {
        get throws { try choice("truncated", of: [("reject", false), ("accept", true)], default: false) }
    }
}

extension ServiceSettings {
    fileprivate init(_ settings: Settings) throws {
        self.init(version: Osprey.version)
        requestTimeout = try settings.seconds("request-timeout", default: 30)
        idleTimeout = try settings.seconds("idle-timeout", default: 60)
        maximumBodyBytes = try settings.integer("max-body", in: 1...1 << 30, default: maximumBodyBytes)
        maximumPixels = try settings.integer("max-pixels", in: 1...1_000_000_000, default: maximumPixels)
        maximumBodyBytesInFlight = try settings.integer(
            "max-bodies-in-flight",
            in: 1...1 << 40,
            default: max(maximumBodyBytesInFlight, maximumBodyBytes)
        )
        guard maximumBodyBytesInFlight >= maximumBodyBytes else {
            throw CommandError.usage("The setting max-bodies-in-flight must not be less than max-body.")
        }
        maximumConnections = try settings.integer("max-connections", in: 1...1_000_000, default: maximumConnections)
        apiKeyHashes = try settings.list("api-key-hashes", of: "SHA-256 hashes of 64 hexadecimal digits") { hash in
            hash.utf8.count == 64 && hash.allSatisfy(\.isHexDigit)
        }
        allowedHosts = try settings.list("allowed-hosts", of: "host names without ports, *.DOMAIN, or *") { name in
            !name.contains { ":/".contains($0) }
        }
        corsOrigins = try settings.list("cors-origins", of: "origins such as https://example.com, or *") { origin in
            origin == "*" || origin.wholeMatch(of: /https?:\/\/[^\/]+/.ignoresCase()) != nil
        }
        fetchHosts = try settings.list("fetch-hosts", of: "host names, *.DOMAIN, addresses, or *") { name in
            !name.contains { "/ ".contains($0) }
        }
        if settings.text("dialects") != nil {
            let all = Self.allDialects
            let chosen = try settings.list("dialects", of: "\(all.joined(separator: ", ")), or none") { name in
                name == "none" || all.contains(name)
            }
            dialects = chosen.filter { $0 != "none" }
        }
        eventsDirectory = settings.text("events", default: "\(settings.text("data", default: "data"))/events")
        eventsQuotaBytes = try settings.integer("events-quota", in: 1...Int.max, default: eventsQuotaBytes)
        maximumStreams = try settings.integer("max-streams", in: 0...100, default: maximumStreams)
        notificationAuthorities = try settings.certificates("notify-ca")
        apiPagesDirectory = settings.text("api-pages", default: Installation.apiPages)
        webPageDirectory = settings.text("web-page", default: Installation.webPage)
    }
}
