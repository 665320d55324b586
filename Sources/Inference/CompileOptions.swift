internal import COpenVINO

/// The arithmetic of a compiled model.
public enum Precision: String, CaseIterable, Sendable {
    /// The fastest that costs no accuracy here: bfloat16 where the CPU has it, else single precision.
    case auto
    /// Single precision.
    case f32
    /// bfloat16; emulated, and slow, on a CPU without it.
    case bf16
}

/// How a model is compiled.
public struct CompileOptions: Hashable, Sendable {
    /// The arithmetic.
    public var precision: Precision
    /// How many pictures are worked on at the same time, at least 1.
    public var streams: Int
    /// Threads over all streams, at least 1.
    public var threads: Int

    /// Makes options.
    public init(precision: Precision = .auto, streams: Int, threads: Int) {
        precondition(streams > 0 && threads > 0, "a model runs on at least one stream and one thread")
        self.precision = precision
        self.streams = streams
        self.threads = threads
    }

    func raw(cacheDirectory: UnsafePointer<CChar>?) -> COVCompileOptions {
        let rawPrecision =
            switch precision {
            case .auto: COV_PRECISION_AUTO
            case .f32: COV_PRECISION_F32
            case .bf16: COV_PRECISION_BF16
            }
        return COVCompileOptions(
            precision: rawPrecision,
            streams: Int32(streams),
            threads: Int32(threads),
            cache_directory: cacheDirectory
        )
    }
}
