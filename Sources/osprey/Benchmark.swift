internal import ArgumentParser
internal import FoundationEssentials
internal import Inference
internal import Scheduling
internal import YOLO

/// `osprey benchmark`: measures the speed of a service or of the bare network.
struct Benchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the speed of a service, or of the bare network on this machine.",
        discussion: """
            A service, given by its URL: pictures per second and latencies of /detect for each number of clients. Each \
            client sends one picture after another for some seconds. This is a heavy load; measure only your own \
            services.

            A model, given by its file or --local: only the network runs, on grey input, through the same interface as \
            in the service. The result is an upper bound for the service, which also decodes pictures and speaks HTTP.

            Examples:
              osprey benchmark http://localhost:1337 --clients 1,2,4,8 \\
                --images data/coco128
              osprey benchmark --local
              osprey benchmark models/yolov5n.onnx --streams 2 --in-flight 2 --json
            """
    )

    @Argument(help: ArgumentHelp("The service's URL, or the model's file.", valueName: "url-or-file"))
    var target: String?

    @Flag(help: "Measure the network of the default model (OSPREY_MODEL).")
    var local = false

    @Option(help: "Duration of the measurement in seconds, for each number of clients.")
    var seconds = 10.0

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Options for a service")
    var service: ServiceLoad.Options

    @OptionGroup(title: "Options for a model")
    var network: NetworkOptions

    /// Options of the bare network.
    struct NetworkOptions: ParsableArguments {
        @Option(help: "Device that runs the network; `osprey version` lists them.")
        var device = CompileOptions.usualDevice

        @Option(help: "Arithmetic: auto, f32 or bf16.")
        var precision = Precision.auto

        @Option(help: "Pictures processed at the same time. (default: one per core)")
        var streams: Int?

        @Option(help: "Pictures submitted at the same time. (default: as many as streams)")
        var inFlight: Int?

        @Flag(help: "Run the network as its file defines it, as clients of the Open Inference Protocol do.")
        var tensors = false

        @Option(help: "Width of the pictures in pixels.")
        var width = 640

        @Option(help: "Height of the pictures in pixels.")
        var height = 480
    }

    func validate() throws {
        let counts = [network.streams ?? 1, network.inFlight ?? 1, network.width, network.height]
        guard counts.allSatisfy({ (1...10_000).contains($0) }), (0...3600).contains(seconds) else {
            throw ValidationError("Counts and sizes must be from 1 to 10000, seconds from 0 to 3600.")
        }
        guard (target == nil) == local else {
            throw ValidationError("Give either a service's URL, a model's file, or --local for the default model.")
        }
    }

    func run() async throws {
        if let target, target.contains("://") {
            guard let address = ServiceAddress(target) else {
                throw CommandError.usage("\(target) is not the URL of a service, such as http://localhost:1337.")
            }
            return try await ServiceLoad(address: address, seconds: seconds, options: service).run(json: json)
        }
        let file = if let target { try modelFile(target) } else { try await defaultModel() }
        try await measureNetwork(file: file)
    }

    private func defaultModel() async throws -> ModelFile {
        let settings = try Settings(given: [], file: nil, known: [])
        return try await modelFile(
            named: settings.text("model"),
            in: settings.text("models", default: "models"),
            mayDownload: settings.mayDownload
        )
    }

    private func measureNetwork(file: ModelFile) async throws {
        let plan = InferencePlan(streams: network.streams, threads: nil, budget: .current())
        let compilation = CompileOptions(
            device: network.device,
            precision: network.precision,
            streams: plan.streams,
            threads: plan.threads
        )
        let detector = try usingModel(file.path) {
            try YOLODetector(file: file, configuration: .init(compilation: compilation), runtime: Runtime())
        }
        let run: @Sendable () async throws -> Void
        if network.tensors {
            let tensors = try usingModel(file.path) { try detector.tensors() }
            run = {
                try await tensors.infer(mode: .throughput) { _, memory in
                    memory.initializeMemory(as: UInt8.self, repeating: 0)
                } output: { _ in
                }
            }
        } else {
            detector.fixShape(imageWidth: network.width, imageHeight: network.height)
            try await detector.warmUp()
            run = { try await detector.runNetwork(imageWidth: network.width, imageHeight: network.height) }
        }
        let inFlight = network.inFlight ?? plan.streams
        // The first runs allocate memory.
        for _ in 0..<5 { try await run() }
        let start = ContinuousClock.now
        let latencies = try await measure(run, inFlight: inFlight, until: start + .seconds(seconds))
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        let report = Report(
            precision: detector.model.precision,
            streams: plan.streams,
            inFlight: inFlight,
            pictures: latencies.count,
            picturesPerSecond: Double(latencies.count) / elapsed,
            p50Milliseconds: latencies.sorted()[latencies.count / 2] * 1000
        )
        if json { return try printJSON(report) }
        let rate = (report.picturesPerSecond * 10).rounded() / 10
        let latency = (report.p50Milliseconds * 10).rounded() / 10
        print(
            "\(file.name), \(report.precision), \(network.width)x\(network.height), \(report.streams) streams, "
                + "\(inFlight) at a time: \(rate) pictures/s, p50 \(latency) ms"
        )
    }

    /// Keeps `inFlight` pictures in the network until `end`; returns the latencies in seconds.
    private func measure(
        _ run: @escaping @Sendable () async throws -> Void,
        inFlight: Int,
        until end: ContinuousClock.Instant
    ) async throws -> [Double] {
        try await withThrowingTaskGroup(of: [Double].self) { group in
            for _ in 0..<inFlight {
                group.addTask {
                    var latencies: [Double] = []
                    repeat {
                        let start = ContinuousClock.now
                        try await run()
                        latencies.append((ContinuousClock.now - start) / .seconds(1))
                    } while ContinuousClock.now < end
                    return latencies
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private struct Report: Encodable {
        enum CodingKeys: String, CodingKey {
            case precision
            case streams
            case inFlight = "in_flight"
            case pictures
            case picturesPerSecond = "pictures_per_second"
            case p50Milliseconds = "p50_milliseconds"
        }

        var precision: String
        var streams: Int
        var inFlight: Int
        var pictures: Int
        var picturesPerSecond: Double
        var p50Milliseconds: Double
    }
}
