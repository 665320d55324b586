internal import Inference

/// A network compiled for both performance modes.
struct CompiledPair: Sendable {
    private let manyStreams: CompiledModel
    /// All threads in one stream; identical to `manyStreams` if there is only one thread or stream.
    private let oneStream: CompiledModel

    init(_ model: Model, _ options: CompileOptions, cacheDirectory: String?) throws {
        manyStreams = try model.compile(options, cacheDirectory: cacheDirectory)
        guard options.streams > 1, options.threads > 1 else {
            oneStream = manyStreams
            return
        }
        oneStream = try model.compile(options.with(.latency), cacheDirectory: cacheDirectory)
    }

    /// Modes that are compiled differently.
    var modes: [PerformanceMode] { canonical(.latency) == .latency ? [.throughput, .latency] : [.throughput] }

    /// Returns `mode`, or `.throughput` if both modes use the same compiled network.
    func canonical(_ mode: PerformanceMode) -> PerformanceMode { oneStream === manyStreams ? .throughput : mode }

    /// Why the cache directory could not be used; nil if it was used or none was given.
    var cacheFailure: String? { manyStreams.cacheFailure }

    /// Precision that OpenVINO chose, such as `bf16`.
    var precision: String { manyStreams.precision }

    /// Names of the devices that run the network, separated by commas.
    var devices: String { manyStreams.devices }

    subscript(mode: PerformanceMode) -> CompiledModel {
        switch mode {
        case .latency: oneStream
        case .throughput: manyStreams
        }
    }
}

extension CompileOptions {
    /// Returns the options for compiling a network for one mode.
    func with(_ mode: PerformanceMode) -> CompileOptions {
        var options = self
        if mode == .latency { options.streams = 1 }
        return options
    }
}
