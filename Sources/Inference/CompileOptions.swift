internal import COpenVINO

/// Numeric precision of a compiled model.
package enum Precision: String, CaseIterable, Sendable {
    /// The fastest precision without loss of accuracy: bfloat16 if the CPU supports it, otherwise single precision.
    case auto
    /// Single precision.
    case f32
    /// bfloat16; emulated, and therefore slow, on CPUs without it.
    case bf16
}

/// Options for compiling a model.
package struct CompileOptions: Hashable, Sendable {
    /// Numeric precision.
    package var precision: Precision
    /// Number of pictures processed in parallel, at least 1.
    package var streams: Int
    /// Total number of threads across all streams, at least 1.
    package var threads: Int

    package init(precision: Precision = .auto, streams: Int, threads: Int) {
        precondition(streams > 0 && threads > 0, "streams and threads must be positive")
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
