internal import Inference
internal import Synchronization

/// A network that runs on inputs of any shape, compiled again for the shapes that come most, in the way they come.
///
/// Where OpenVINO knows the shape it joins tensors in place and reuses their memory, which makes YOLOv5s a tenth faster.
/// The answers are the same to the bit.
///
/// Safe to share: the network that copies are made of is used by one thread at a time, which `State.isCompiling` sees to.
final class ShapedNetwork: @unchecked Sendable {
    /// Sides of an input in pixels.
    struct Shape: Hashable {
        var height: Int
        var width: Int
    }

    /// Runs work that keeps a thread busy for a second, some time later.
    typealias Background = @Sendable (@escaping @Sendable () -> Void) -> Void

    /// What the network is compiled for.
    private struct Form: Hashable {
        var shape: Shape
        var mode: PerformanceMode
    }

    private struct State {
        /// Forms that may still be compiled for each mode.
        var remaining: [PerformanceMode: Int]
        var isCompiling = false
        var uses: [Form: Int] = [:]
        var compiled: [Form: CompiledModel] = [:]

        func mayCompile(_ form: Form) -> Bool { remaining[form.mode, default: 0] > 0 }
    }

    /// How often a form has to come before it is compiled: a few odd pictures are not worth it.
    private static let manyUses = 20

    /// For inputs of any shape, or of the one that the network takes.
    let general: CompiledPair
    private let source: Model
    private let options: CompileOptions
    private let cacheDirectory: String?
    private let background: Background?
    private let state: Mutex<State>

    /// Compiles a network for any shape.
    ///
    /// - Parameters:
    ///   - network: The network; it is changed.
    ///   - options: Arithmetic, streams and threads.
    ///   - cacheDirectory: Where compiled forms are kept; nil keeps none.
    ///   - background: Compiles for the shapes that come most; nil does not.
    /// - Throws: `InferenceError` when this machine cannot run it.
    init(_ network: Network, _ options: CompileOptions, cacheDirectory: String?, background: Background?) throws {
        source = network.model
        self.options = options
        self.cacheDirectory = cacheDirectory
        self.background = background
        let general = try network.isDynamic ? source.sized(height: network.inputSide, width: network.inputSide) : source
        try general.takePixels(dynamicSize: network.isDynamic)
        self.general = try CompiledPair(general, options, cacheDirectory: cacheDirectory)
        // Each takes two bytes a parameter, 256 MB at most for both modes, and buffers for what is between its layers.
        let limit = network.isDynamic ? min(4, (64 << 20) / max(1, network.cost.parameters)) : 0
        state = Mutex(State(remaining: [.latency: limit, .throughput: limit]))
    }

    /// The network to use for an input of a shape.
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

    /// Compiles for a shape now, for who knows that it will come, many at a time.
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
        // A network that cannot be compiled so goes on as it did.
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
