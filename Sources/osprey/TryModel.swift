internal import ArgumentParser
internal import Basics
internal import Inference
internal import ModelServing
internal import YOLO

/// `osprey try-model`, hidden: loads and runs a model file once, for a service that must not end with it.
struct TryModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: ModelTrial.command,
        abstract: "Loads a model file once, for a service.",
        shouldDisplay: false
    )

    @Argument var file: String
    @Option var device: String
    @Option var precision: Precision
    @Option var streams: Int
    @Option var threads: Int
    @Flag var square = false
    @Option var cache: String?

    func run() async throws {
        ModelTrial.limitThisProcess()
        do {
            let detector = try YOLODetector(
                file: modelFile(file),
                configuration: YOLODetector.Configuration(
                    compilation: CompileOptions(
                        device: device,
                        precision: precision,
                        streams: streams,
                        threads: threads
                    ),
                    isRectangular: !square,
                    cacheDirectory: cache
                ),
                runtime: Runtime()
            )
            try await detector.warmUp()
        } catch {
            print(error.explanation, terminator: "")
            let isInvalid = (error as? YOLOError)?.code == .invalidModel
            throw ExitCode((isInvalid ? ModelTrial.Verdict.invalid : .failed).rawValue)
        }
    }
}
