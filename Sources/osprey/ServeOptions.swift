internal import ArgumentParser

/// What `osprey serve` can be told; all of it also in the environment and in a file.
struct ServeOptions: ParsableArguments {
    @Option(help: "YAML file with settings.")
    var config: String?

    @Option(help: ArgumentHelp("Address to listen on. (default: 127.0.0.1)", valueName: "address"))
    var host: String?

    @Option(help: ArgumentHelp("Port to listen on; 0 takes a free one. (default: 1337)"))
    var port: String?

    @Option(help: ArgumentHelp("Folder with models. (default: models)", valueName: "dir"))
    var models: String?

    @Option(help: ArgumentHelp("Model for requests that name none: its file without the ending. (default: yolov5s)"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Seconds between looks for changed models; 0 never looks. (default: 2)",
            valueName: "seconds"
        )
    )
    var modelWatch: String?

    @Option(help: ArgumentHelp("Folder with datasets. (default: data)", valueName: "dir"))
    var data: String?

    @Option(help: ArgumentHelp("Dataset to serve: a folder in the datasets' folder. (default: coco128)"))
    var dataset: String?

    @Option(
        help: ArgumentHelp(
            "Folder for uploaded and processed pictures, or redis://HOST for several replicas. (default: DATA/store)",
            valueName: "store"
        )
    )
    var store: String?

    @Option(help: ArgumentHelp("Room for stored pictures in bytes. (default: 2147483648)", valueName: "bytes"))
    var storeQuota: String?

    @Option(
        help: ArgumentHelp("Seconds that pictures stay in Redis; 0 is for ever. (default: 0)", valueName: "seconds")
    )
    var storeTTL: String?

    @Option(help: ArgumentHelp("Folder for compiled models. (default: MODELS/.cache)", valueName: "dir"))
    var cache: String?

    @Option(help: ArgumentHelp("Arithmetic: auto, f32 or bf16. (default: auto)"))
    var precision: String?

    @Option(help: ArgumentHelp("Network input: rectangular or square. (default: rectangular)", valueName: "shape"))
    var input: String?

    @Option(help: ArgumentHelp("Pictures in the network at the same time. (default: one a core)", valueName: "count"))
    var streams: String?

    @Option(help: ArgumentHelp("Inference threads over all streams. (default: one a core)", valueName: "count"))
    var threads: String?

    @Option(help: ArgumentHelp("Requests that may wait; more are refused. (default: 8 a stream)", valueName: "count"))
    var queue: String?

    @Option(help: ArgumentHelp("Seconds until a request is given up. (default: 30)", valueName: "seconds"))
    var requestTimeout: String?

    @Option(help: ArgumentHelp("Seconds until an idle connection is closed. (default: 60)", valueName: "seconds"))
    var idleTimeout: String?

    @Option(help: ArgumentHelp("Seconds between not ready and not listening. (default: 1)", valueName: "seconds"))
    var drainDelay: String?

    @Option(help: ArgumentHelp("Seconds that requests have to finish at the end. (default: 30)", valueName: "seconds"))
    var shutdownTimeout: String?

    @Option(help: ArgumentHelp("Most bytes of a request's body. (default: 33554432)", valueName: "bytes"))
    var maxBody: String?

    @Option(help: ArgumentHelp("Most pixels of a picture. (default: 50000000)", valueName: "pixels"))
    var maxPixels: String?

    @Option(help: ArgumentHelp("Most bytes of bodies held at the same time. (default: 268435456)", valueName: "bytes"))
    var maxBodiesInFlight: String?

    @Option(help: ArgumentHelp("Most connections at the same time. (default: 1024)", valueName: "count"))
    var maxConnections: String?

    @Option(help: ArgumentHelp("SHA-256 of API keys, with commas; none lets everybody in.", valueName: "hashes"))
    var apiKeyHashes: String?

    @Option(help: ArgumentHelp("Folder with the API pages' assets. (default: .deps/api-pages)", valueName: "dir"))
    var apiPages: String?

    @Option(help: ArgumentHelp("Folder with the web page. (default: Public)", valueName: "dir"))
    var webPage: String?

    @Option(help: ArgumentHelp("Log as text or json. (default: text)", valueName: "format"))
    var logFormat: String?

    @Option(help: ArgumentHelp("Log level: trace, debug, info, notice, warning, error. (default: info)"))
    var logLevel: String?

    /// What was given, by the setting's name.
    var given: [(name: String, value: String)] {
        all.compactMap { name, value in value.map { (name, $0) } }
    }

    /// The names of all settings.
    var names: [String] { all.map(\.name) }

    private var all: [(name: String, value: String?)] {
        [
            ("host", host), ("port", port), ("models", models), ("model", model),
            ("model-watch", modelWatch), ("data", data),
            ("dataset", dataset), ("store", store), ("store-quota", storeQuota), ("store-ttl", storeTTL),
            ("cache", cache),
            ("precision", precision), ("input", input), ("streams", streams), ("threads", threads), ("queue", queue),
            ("request-timeout", requestTimeout), ("idle-timeout", idleTimeout), ("drain-delay", drainDelay),
            ("shutdown-timeout", shutdownTimeout), ("max-body", maxBody), ("max-pixels", maxPixels),
            ("max-bodies-in-flight", maxBodiesInFlight), ("max-connections", maxConnections),
            ("api-key-hashes", apiKeyHashes), ("api-pages", apiPages), ("web-page", webPage), ("log-format", logFormat),
            ("log-level", logLevel),
        ]
    }
}
