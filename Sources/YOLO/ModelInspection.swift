public import Inference
internal import PyTorch

/// What is in a model's file, found without a picture.
public struct ModelInspection: Sendable {
    /// One step of the network.
    public struct Layer: Sendable {
        /// Numbers of the layers that it takes; empty for what takes the picture alone.
        public var inputs: [Int]
        /// Its class in a checkpoint, its operation in an export.
        public var type: String
        /// Its name in the file.
        public var name: String
        /// Shape of what it gives for a square picture of the input side; nil where it gives several.
        public var output: TensorShape?
        /// Weights and biases, as they were saved.
        public var parameters: Int
    }

    /// The file.
    public let file: ModelFile
    /// SHA-256 of the file, in hexadecimal digits.
    public let sha256: String
    /// What the model does.
    public let task: ModelDescription.Task
    /// Names of the classes by class id.
    public let labels: [String]
    /// Longest side of the network's input, in pixels.
    public let inputSide: Int
    /// Whether the network takes pictures of any shape.
    public let isDynamic: Bool
    /// Pixels by cell, and anchors as width and height in pixels, of each head; empty where the heads are not known.
    public let heads: [(stride: Int, anchors: [(width: Float, height: Float)])]
    /// Why the network runs as it was exported, with its own decoding; nil where it is cut at its heads.
    public let uncutReason: String?
    /// Its size, and what a square picture of ``inputSide`` costs; batch norms are part of their convolutions.
    public let cost: Graph.Cost
    /// The layers, in the order in which they run.
    public let layers: [Layer]

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - file: A checkpoint or an export.
    ///   - runtime: The runtime to read it with.
    /// - Throws: `InferenceError` when the file cannot be read or holds no network of the forms known.
    public init(file: ModelFile, runtime: Runtime) throws {
        sha256 = try file.sha256()
        let network = try Network(file: file, runtime: runtime)
        self.file = file
        task = network.layout.maskCoefficientCount > 0 ? .segment : .detect
        labels = network.labels
        inputSide = network.inputSide
        isDynamic = network.isDynamic
        uncutReason = network.uncutReason
        cost = network.cost
        heads =
            if case .heads(let heads) = network.layout.boxes {
                heads.map { ($0.stride, $0.anchors.map { ($0.width, $0.height) }) }
            } else {
                []
            }
        layers =
            if file.format == .checkpoint {
                try CheckpointNetwork(Checkpoint(path: file.path), runtime: runtime).inspectedLayers
            } else {
                try network.sized.graph().inspectedLayers
            }
    }
}

extension CheckpointNetwork {
    /// The layers as YOLOv5 lists them.
    fileprivate var inspectedLayers: [ModelInspection.Layer] {
        get throws {
            // A network that gives what every layer gives: its outputs' shapes are theirs.
            let shapes = try operations.model(values).sized(height: inputSide, width: inputSide).outputs
            return try saved.layers.map { layer in
                ModelInspection.Layer(
                    inputs: try layer.places,
                    type: layer.module.className,
                    name: layer.module.path,
                    output: layer.index < shapes.count ? shapes[layer.index] : nil,
                    parameters: layer.module.parameterCount
                )
            }
        }
    }
}

extension Graph {
    /// The operations on the picture, renumbered; those on constants and on shapes are left out.
    fileprivate var inspectedLayers: [ModelInspection.Layer] {
        var places: [Int: Int] = [:]
        var layers: [ModelInspection.Layer] = []
        var seesPicture = nodes.map { $0.type == "Parameter" }
        for (index, node) in nodes.enumerated() where node.type != "ShapeOf" && node.type != "Result" {
            guard node.inputs.contains(where: { seesPicture[$0.node] }) else { continue }
            seesPicture[index] = true
            places[index] = layers.count
            layers.append(
                ModelInspection.Layer(
                    inputs: node.inputs.compactMap { places[$0.node] },
                    type: node.type,
                    name: node.name,
                    output: node.outputs.count == 1 ? node.outputs[0] : nil,
                    parameters: cost(of: index).parameters
                )
            )
        }
        return layers
    }
}
