internal import ArgumentParser
internal import DetectionService

/// Options of `osprey serve`; each can also be set in the environment or in a file.
struct ServeOptions: ParsableArguments {
    @Option(help: "YAML file with settings.")
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Address to listen on; 0.0.0.0 for every interface. (default: 127.0.0.1)",
            valueName: "address"
        )
    )
    var host: String?

    @Option(help: ArgumentHelp("Port to listen on; 0 uses a free one. (default: 1337)"))
    var port: String?

    @Option(
        name: .customLong("deepstack-port"),
        help: ArgumentHelp(
            "Second port, for clients with a fixed one: 5000 of DeepStack, 32168 of CodeProject.AI. (default: none)",
            valueName: "port"
        )
    )
    var deepStackPort: String?

    @Option(
        name: .customLong("grpc-port"),
        help: ArgumentHelp(
            "Port for the Open Inference Protocol over gRPC, such as Triton's 8001. (default: none)",
            valueName: "port"
        )
    )
    var grpcPort: String?

    @Option(help: ArgumentHelp("Folder with models; all are served. (default: models)", valueName: "dir"))
    var models: String?

    @Option(
        help: ArgumentHelp(
            "Model used when a request names none: a file name without extension. (default: yolov5s, or the first that is there)"
        )
    )
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Seconds between polls for changed models; 0 disables polling. (default: 2)",
            valueName: "seconds"
        )
    )
    var modelWatch: String?

    @Option(help: ArgumentHelp("Folder with datasets. (default: data)", valueName: "dir"))
    var data: String?

    @Option(help: ArgumentHelp("Dataset to serve: a folder in --data. (default: coco128)"))
    var dataset: String?

    @Option(
        help: ArgumentHelp(
            "Whether a known model and pictures are downloaded if there are none: yes, or no for the demo. (default: yes)",
            valueName: "yes|no"
        )
    )
    var download: String?

    @Option(
        help: ArgumentHelp(
            "Folder for uploaded and processed pictures, or redis://HOST for several replicas. (default: DATA/store)",
            valueName: "store"
        )
    )
    var store: String?

    @Option(help: ArgumentHelp("Maximum size of stored pictures in bytes. (default: 2147483648)", valueName: "bytes"))
    var storeQuota: String?

    @Option(help: ArgumentHelp("Folder for the events of streams. (default: DATA/events)", valueName: "dir"))
    var events: String?

    @Option(
        help: ArgumentHelp(
            "Maximum size of all events and their pictures in bytes. (default: 1073741824)",
            valueName: "bytes"
        )
    )
    var eventsQuota: String?

    @Option(help: ArgumentHelp("Maximum number of streams. (default: 16)", valueName: "count"))
    var maxStreams: String?

    @Option(
        help: ArgumentHelp(
            "File with certificates that are trusted when events are sent, besides the system's.",
            valueName: "file"
        )
    )
    var notifyCa: String?

    @Option(
        help: ArgumentHelp(
            "Seconds that pictures stay in Redis; 0 keeps them indefinitely. (default: 0)",
            valueName: "seconds"
        )
    )
    var storeTTL: String?

    @Option(help: ArgumentHelp("Network input: rectangular or square. (default: rectangular)", valueName: "shape"))
    var input: String?

    @OptionGroup var processing: ProcessingOptions

    @Option(
        help: ArgumentHelp(
            "Maximum number of waiting requests; further ones get 503. (default: 8 per stream)",
            valueName: "count"
        )
    )
    var queue: String?

    @Option(help: ArgumentHelp("Seconds until a request gets 504. (default: 30)", valueName: "seconds"))
    var requestTimeout: String?

    @Option(
        help: ArgumentHelp(
            "Seconds for a client to send its next request's head, or to read a response. (default: 60)",
            valueName: "seconds"
        )
    )
    var idleTimeout: String?

    @Option(
        help: ArgumentHelp(
            "Seconds between not ready and not listening at shutdown. (default: 1)",
            valueName: "seconds"
        )
    )
    var drainDelay: String?

    @Option(
        help: ArgumentHelp(
            "Seconds for requests to finish at shutdown, after the drain delay. (default: 30)",
            valueName: "seconds"
        )
    )
    var shutdownTimeout: String?

    @Option(help: ArgumentHelp("Maximum bytes of a request's body. (default: 33554432)", valueName: "bytes"))
    var maxBody: String?

    @Option(
        help: ArgumentHelp(
            "Maximum bytes of bodies and large responses in memory. (default: 268435456)",
            valueName: "bytes"
        )
    )
    var maxBodiesInFlight: String?

    @Option(help: ArgumentHelp("Maximum number of connections. (default: 1024)", valueName: "count"))
    var maxConnections: String?

    @Option(
        help: ArgumentHelp(
            "SHA-256 of the API keys, separated by commas; without it, no key is required.",
            valueName: "hashes"
        )
    )
    var apiKeyHashes: String?

    @Option(
        help: ArgumentHelp(
            "Names in Host that are answered besides addresses, localhost and this machine's, separated by commas; * for "
                + "all.",
            valueName: "names"
        )
    )
    var allowedHosts: String?

    @Option(
        help: ArgumentHelp(
            "Origins whose web pages may use the service, separated by commas; * for all.",
            valueName: "origins"
        )
    )
    var corsOrigins: String?

    @Option(
        help: ArgumentHelp(
            "APIs of other servers to serve as well, separated by commas, or none. (default: "
                + "\(ServiceSettings.allDialects.joined(separator: ",")))",
            valueName: "names"
        )
    )
    var dialects: String?

    @Option(
        help: ArgumentHelp(
            "Hosts from which pictures are fetched for clients that send addresses, separated by commas: NAME, *.DOMAIN, "
                + "an address, or * for all public ones. (default: none)",
            valueName: "hosts"
        )
    )
    var fetchHosts: String?

    @Option(
        help: ArgumentHelp("Folder with the assets of /docs and /redoc. (default: the program's)", valueName: "dir")
    )
    var apiPages: String?

    @Option(help: ArgumentHelp("Folder with the page at /. (default: the program's)", valueName: "dir"))
    var webPage: String?

    @Option(help: ArgumentHelp("Log format: text or json. (default: text)", valueName: "format"))
    var logFormat: String?

    @Option(help: ArgumentHelp("Log level: trace, debug, info, notice, warning, error. (default: info)"))
    var logLevel: String?

    /// The given options by setting name.
    var given: [(name: String, value: String)] {
        all.compactMap { name, value in value.map { (name, $0) } }
    }

    /// The names of all settings.
    var names: [String] { all.map(\.name) }

    private var all: [(name: String, value: String?)] {
        [
            ("host", host), ("port", port), ("deepstack-port", deepStackPort),
            ("grpc-port", grpcPort), ("models", models), ("model", model),
            ("model-watch", modelWatch),
            ("data", data), ("dataset", dataset), ("download", download), ("store", store), ("store-quota", storeQuota),
            ("events", events), ("events-quota", eventsQuota), ("max-streams", maxStreams),
            ("notify-ca", notifyCa),
            ("store-ttl", storeTTL), ("input", input), ("queue", queue), ("request-timeout", requestTimeout),
            ("idle-timeout", idleTimeout), ("drain-delay", drainDelay), ("shutdown-timeout", shutdownTimeout),
            ("max-body", maxBody), ("max-bodies-in-flight", maxBodiesInFlight), ("max-connections", maxConnections),
            ("api-key-hashes", apiKeyHashes), ("allowed-hosts", allowedHosts), ("cors-origins", corsOrigins),
            ("dialects", dialects), ("fetch-hosts", fetchHosts),
            ("api-pages", apiPages), ("web-page", webPage), ("log-format", logFormat), ("log-level", logLevel),
        ] + processing.all
    }
}
