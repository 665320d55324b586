internal import Inference

/// A network compiled in both ways.
struct CompiledPair: Sendable {
    private let manyStreams: CompiledModel
    /// All threads in one stream; the same where there is one thread or stream anyway.
    private let oneStream: CompiledModel

    init(_ model: Model, _ options: CompileOptions, cacheDirectory: String?) throws {
        manyStreams = try model.compile(options, cacheDirectory: cacheDirectory)
        guard options.streams > 1, options.threads > 1 else {
            oneStream = manyStreams
            return
        }
        oneStream = try model.compile(options.with(.latency), cacheDirectory: cacheDirectory)
    }

    /// The modes that differ.
    var modes: [PerformanceMode] { canonical(.latency) == .latency ? [.throughput, .latency] : [.throughput] }

    /// The mode itself, or the one that is the same here.
    func canonical(_ mode: PerformanceMode) -> PerformanceMode { oneStream === manyStreams ? .throughput : mode }

    /// Why the folder for compiled forms was of no use; nil where it was, or none was given.
    var cacheFailure: String? { manyStreams.cacheFailure }

    /// The arithmetic that OpenVINO chose.
    var precision: String { manyStreams.precision }

    subscript(mode: PerformanceMode) -> CompiledModel {
        switch mode {
        case .latency: oneStream
        case .throughput: manyStreams
        }
    }
}

extension CompileOptions {
    /// The options of a network that is used in one mode.
    func with(_ mode: PerformanceMode) -> CompileOptions {
        var options = self
        if mode == .latency { options.streams = 1 }
        return options
    }
}
