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
    /// The device that networks run on unless another is named.
    package static let usualDevice = "CPU"

    /// Name of a device as OpenVINO knows it, such as `CPU` or `GPU.1`, or several, as in `AUTO:GPU,CPU`.
    package var device: String
    /// Numeric precision.
    package var precision: Precision
    /// Number of pictures processed in parallel, at least 1.
    package var streams: Int
    /// Total number of threads across all streams, at least 1.
    package var threads: Int

    package init(device: String = usualDevice, precision: Precision = .auto, streams: Int, threads: Int) {
        precondition(streams > 0 && threads > 0, "streams and threads must be positive")
        self.device = device
        self.precision = precision
        self.streams = streams
        self.threads = threads
    }

    /// Calls `body` with the options for OpenVINO.
    func withRaw<Result>(cacheDirectory: String?, _ body: (COVCompileOptions) throws -> Result) rethrows -> Result {
        try device.withCString { device in
            guard let cacheDirectory else { return try body(raw(device: device, cacheDirectory: nil)) }
            return try cacheDirectory.withCString { try body(raw(device: device, cacheDirectory: $0)) }
        }
    }

    private func raw(device: UnsafePointer<CChar>, cacheDirectory: UnsafePointer<CChar>?) -> COVCompileOptions {
        let rawPrecision =
            switch precision {
            case .auto: COV_PRECISION_AUTO
            case .f32: COV_PRECISION_F32
            case .bf16: COV_PRECISION_BF16
            }
        return COVCompileOptions(
            device: device,
            precision: rawPrecision,
            streams: Int32(streams),
            threads: Int32(threads),
            cache_directory: cacheDirectory
        )
    }
}
