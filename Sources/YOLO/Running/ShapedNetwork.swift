internal import Inference
internal import Synchronization

/// A network that runs on inputs of any shape, compiled again for the most frequent shapes in the modes that use them.
///
/// If OpenVINO knows the shape, it concatenates tensors in place and reuses their memory, which makes YOLOv5s 10%
/// faster. The outputs are bit-identical.
///
/// Safe to share: `State.isCompiling` ensures that only one thread at a time uses `source`, which copies are made from.
final class ShapedNetwork: @unchecked Sendable {
    /// Size of an input in pixels.
    struct Shape: Hashable {
        var height: Int
        var width: Int
    }

    /// Runs work later, on a thread that it may block for a second.
    typealias Background = @Sendable (@escaping @Sendable () -> Void) -> Void

    /// Shape and mode that the network is compiled for.
    private struct Form: Hashable {
        var shape: Shape
        var mode: PerformanceMode
    }

    private struct State {
        /// Number of forms that may still be compiled, by mode.
        var remaining: [PerformanceMode: Int]
        var isCompiling = false
        var uses: [Form: Int] = [:]
        var compiled: [Form: CompiledModel] = [:]

        func mayCompile(_ form: Form) -> Bool { remaining[form.mode, default: 0] > 0 }
    }

    /// Number of uses before a form is compiled: a few unusual pictures are not worth it.
    private static let manyUses = 20

    /// The network compiled for inputs of any shape, or of the only one that it accepts.
    let general: CompiledPair
    private let source: Model
    private let options: CompileOptions
    private let cacheDirectory: String?
    private let background: Background?
    private let state: Mutex<State>

    /// Compiles a network for any shape.
    ///
    /// - Parameters:
    ///   - network: Network to compile; it may be modified.
    ///   - options: Precision, streams and threads.
    ///   - cacheDirectory: Directory that caches compiled networks; nil disables caching.
    ///   - background: Runs the compilation for frequent shapes; nil disables it.
    /// - Throws: ``InferenceError`` if this machine cannot run the network.
    init(_ network: Network, _ options: CompileOptions, cacheDirectory: String?, background: Background?) throws {
        source = network.model
        self.options = options
        self.cacheDirectory = cacheDirectory
        self.background = background
        let general = try network.isDynamic ? source.sized(height: network.inputSide, width: network.inputSide) : source
        try general.takePixels(dynamicSize: network.isDynamic)
        self.general = try CompiledPair(general, options, cacheDirectory: cacheDirectory)
        // Each form takes two bytes per parameter, up to 256 MB for both modes, and buffers between its layers.
        let limit = network.isDynamic ? min(4, (64 << 20) / max(1, network.cost.parameters)) : 0
        state = Mutex(State(remaining: [.latency: limit, .throughput: limit]))
    }

    /// Returns the compiled network for inputs of a shape, and schedules compilation if the shape is frequent.
    func compiled(for shape: Shape, _ mode: PerformanceMode) -> CompiledModel {
        let form = Form(shape: shape, mode: general.canonical(mode))
        let (compiled, isDue) = state.withLock { state -> (CompiledModel?, Bool) in
            if let compiled = state.compiled[form] { return (compiled, false) }
            guard background != nil, state.mayCompile(form) else { return (nil, false) }
            state.uses[form, default: 0] += 1
            let isDue = state.uses[form, default: 0] >= Self.manyUses && !state.isCompiling
            if isDue { state.isCompiling = true }
            return (nil, isDue)
        }
        if isDue { background? { self.compile(form) } }
        return compiled ?? general[mode]
    }

    /// Compiles for a shape in throughput mode, now; call it when many such inputs are expected.
    func fix(_ shape: Shape) {
        let form = Form(shape: shape, mode: .throughput)
        let isFree = state.withLock { state in
            guard state.mayCompile(form), !state.isCompiling, state.compiled[form] == nil else { return false }
            state.isCompiling = true
            return true
        }
        if isFree { compile(form) }
    }

    private func compile(_ form: Form) {
        // If compilation fails, the general network stays in use.
        let compiled = try? { () throws -> CompiledModel in
            let model = try source.sized(height: form.shape.height, width: form.shape.width)
            try model.takePixels(dynamicSize: false)
            return try model.compile(options.with(form.mode), cacheDirectory: cacheDirectory)
        }()
        state.withLock { state in
            state.isCompiling = false
            state.remaining[form.mode, default: 0] -= 1
            state.compiled[form] = compiled
        }
    }
}
