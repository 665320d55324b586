internal import Basics
internal import Imaging
package import Inference

/// A network ready to be compiled, and the properties that its file states.
package struct Network {
    /// Accepts `[1, 3, height, width]`, RGB in `0...1`; ``layout`` describes the outputs.
    package let model: Model
    /// How the outputs are decoded.
    package let layout: OutputLayout
    /// How the network in the file expects pictures.
    package let format: InputFormat
    /// Family of the network; nil if it cannot be told.
    package let family: ModelFamily?
    /// Names of all classes, by class id.
    package let labels: [String]
    /// Longest side that the network is meant for, in pixels.
    package let inputSide: Int
    /// Input pixels per cell of the coarsest head; height and width must be multiples of it.
    package let stride: Int
    /// Whether height and width may differ from call to call.
    package let isDynamic: Bool
    /// Parameters, and operations for a square picture of ``inputSide``.
    package let cost: Graph.Cost
    /// Why the network runs as exported, with its own decoding; nil if it was cut at its heads, or is dynamic and
    /// anchor-free.
    package let uncutReason: String?

    /// Maximum number of values that a network may hold at a time for one picture: 2 GiB in single precision.
    private static let maximumPeakElementCount = 1 << 29

    /// Creates a network after checking it.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel` if it needs too much memory, or its strides do not match its output
    ///   shapes.
    init(
        model: Model,
        layout: OutputLayout,
        format: InputFormat,
        family: ModelFamily?,
        labels: [String],
        inputSide: Int,
        stride: Int,
        isDynamic: Bool,
        uncutReason: String? = nil
    ) throws {
        if [format.mean, format.deviation] != [InputFormat.usual.mean, InputFormat.usual.deviation]
            || format.colors == .bgr
        {
            try model.normalize(mean: format.mean, deviation: format.deviation, reverses: format.colors == .bgr)
        }
        let sized = try isDynamic ? model.sized(height: inputSide, width: inputSide) : model
        let graph = sized.graph()
        try Self.rejectHuge(graph)
        if isDynamic { try Self.checkHeads(layout, sized.outputs, inputSide: inputSide) }
        self.model = model
        self.layout = layout
        self.format = format
        self.family = family
        self.labels = labels.map { $0.printable(limit: 200) }
        self.inputSide = inputSide
        self.stride = stride
        self.isDynamic = isDynamic
        self.uncutReason = uncutReason
        cost = graph.cost
    }

    /// Reads a network from a file.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel` if the file cannot be read or does not hold a supported network.
    package init(file: ModelFile, runtime: Runtime) throws(YOLOError) {
        try self.init(ModelSource(file, runtime: runtime), runtime: runtime)
    }

    init(_ source: ModelSource, runtime: Runtime) throws(YOLOError) {
        self = try YOLOError.wrapping {
            switch source.contents {
            case .checkpoint(let checkpoint):
                try Network(CheckpointNetwork(checkpoint, runtime: runtime), source.settings)
            case .export(let model): try Network(ExportedModel(model, source.settings))
            }
        }
    }

    /// The network for a square picture of ``inputSide``, or for the only size that it accepts.
    package var sized: Model {
        get throws { try isDynamic ? model.sized(height: inputSide, width: inputSide) : model }
    }

    /// The only input size that the network accepts.
    var fixedShape: Letterbox.Shape {
        get throws(YOLOError) {
            guard let input = model.inputs.first ?? nil, let height = input[2], let width = input[3] else {
                throw YOLOError(.invalidModel, "it does not state the size of its input")
            }
            return .fixed(width: width, height: height)
        }
    }

    /// Rejects a network that would use too much memory.
    ///
    /// - Parameter graph: Graph with fixed shapes.
    /// - Throws: ``YOLOError`` with `invalidModel` if it holds too many values at a time.
    static func rejectHuge(_ graph: Graph) throws(YOLOError) {
        guard graph.peakElementCount <= maximumPeakElementCount else {
            throw YOLOError(
                .invalidModel,
                "it holds more than the limit of \(maximumPeakElementCount) values at a time for one picture"
            )
        }
    }

    /// Rejects a network whose strides do not match its output shapes.
    private static func checkHeads(
        _ layout: OutputLayout,
        _ outputs: [TensorShape?],
        inputSide: Int
    ) throws(YOLOError) {
        let strides: [Int]
        switch layout.boxes {
        case .heads(let heads): strides = heads.map(\.stride)
        case .cells(let heads): strides = heads.strides
        case .rows, .columns, .final: return
        }
        for (index, output) in outputs.prefix(strides.count * layout.outputsPerHead).enumerated() {
            let stride = strides[index / layout.outputsPerHead]
            let cells = inputSide / stride
            guard let output, output[2] == cells, output[3] == cells else {
                throw YOLOError(
                    .invalidModel,
                    "its head of stride \(stride) returns \(output?.description ?? "an unknown shape") for a "
                        + "picture of \(inputSide) pixels"
                )
            }
        }
    }
}
