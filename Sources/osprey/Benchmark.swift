internal import ArgumentParser
internal import FoundationEssentials
internal import Inference
internal import YOLO

/// `osprey benchmark`: how fast the bare network runs here.
struct Benchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how fast the bare network runs on this machine.",
        discussion: """
            Only the network runs, on grey, through the same bridge as in the service: what the service could reach \
            if decoding, HTTP and all else cost nothing. Prints a line of JSON.

            Example:
              osprey benchmark models/yolov5n.onnx --streams 2 --in-flight 2 --seconds 10
            """
    )

    @Argument(help: "The model's file.")
    var file: String

    @Option(help: "Arithmetic: auto, f32 or bf16.")
    var precision = Precision.auto

    @Option(help: "Pictures worked on at the same time. (default: one a core)")
    var streams: Int?

    @Option(help: "Pictures handed in at the same time. (default: as many as streams)")
    var inFlight: Int?

    @Option(help: "Width of the pictures in pixels.")
    var width = 640

    @Option(help: "Height of the pictures in pixels.")
    var height = 480

    @Option(help: "How long to measure.")
    var seconds = 10.0

    func validate() throws {
        let counts = [streams ?? 1, inFlight ?? 1, width, height]
        guard counts.allSatisfy({ (1...10_000).contains($0) }), (0...3600).contains(seconds) else {
            throw ValidationError("Counts and sizes go from 1 to 10000, seconds from 0 to 3600.")
        }
    }

    func run() async throws {
        let cores = CPUBudget.current().cores
        let streams = streams ?? cores
        let compilation = CompileOptions(precision: precision, streams: streams, threads: max(streams, cores))
        let configuration = YOLODetector.Configuration(compilation: compilation)
        let detector = try usingModel(file) {
            try YOLODetector(file: modelFile(file), configuration: configuration, runtime: Runtime())
        }
        detector.fixShape(imageWidth: width, imageHeight: height)
        try await detector.warmUp()
        let start = ContinuousClock.now
        let latencies = try await measure(detector, inFlight: inFlight ?? streams, until: start + .seconds(seconds))
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        let report = Report(
            precision: detector.model.precision,
            streams: streams,
            inFlight: inFlight ?? streams,
            pictures: latencies.count,
            picturesPerSecond: Double(latencies.count) / elapsed,
            p50Milliseconds: latencies.sorted()[latencies.count / 2] * 1000
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }

    /// Keeps `inFlight` pictures on their way until the time is over; gives each one's seconds.
    private func measure(
        _ detector: YOLODetector,
        inFlight: Int,
        until end: ContinuousClock.Instant
    ) async throws -> [Double] {
        try await withThrowingTaskGroup(of: [Double].self) { group in
            for _ in 0..<inFlight {
                group.addTask {
                    var latencies: [Double] = []
                    repeat {
                        let start = ContinuousClock.now
                        try await detector.runNetwork(imageWidth: width, imageHeight: height)
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
