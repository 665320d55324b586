package import Inference

/// Contents of a model file, determined without running the network.
package struct ModelInspection: Sendable {
    /// A layer of a checkpoint, or an operation of an export.
    package struct Layer: Sendable {
        /// Indices of the layers that it reads from; empty if it reads only the picture.
        package var inputs: [Int]
        /// Class name in a checkpoint, type of the operation in an export.
        package var type: String
        /// Name in the file.
        package var name: String
        /// Shape of the output for a square picture of the input side; nil if there are several outputs.
        package var output: TensorShape?
        /// Number of weights and biases, as saved.
        package var parameters: Int
    }

    /// The inspected file.
    package let file: ModelFile
    /// SHA-256 of the file, in lowercase hexadecimal digits.
    package let sha256: String
    /// Family of the model, such as `YOLOv8` or `YOLO11`; several if the file does not say which, and nil if it says nothing.
    package let family: String?
    /// How the network expects pictures.
    package let format: InputFormat
    /// Task that the model performs.
    package let task: ModelDescription.Task
    /// Names of the classes by class id.
    package let labels: [String]
    /// Longest side of the network's input, in pixels.
    package let inputSide: Int
    /// Whether the network accepts pictures of any shape.
    package let isDynamic: Bool
    /// Stride in pixels per cell, and anchor sizes in pixels (none if it is anchor-free), of each head; empty if the heads
    /// are not known.
    package let heads: [(stride: Int, anchors: [(width: Float, height: Float)])]
    /// Why the network runs as exported, with its own decoding; nil if it is cut at its heads, or is dynamic and
    /// anchor-free.
    package let uncutReason: String?
    /// Parameters, and operations for a square picture of ``inputSide``, with batch norms folded into convolutions.
    package let cost: Graph.Cost
    /// Layers in execution order.
    package let layers: [Layer]

    /// Inspects a file.
    ///
    /// - Parameters:
    ///   - file: A checkpoint or an export.
    ///   - runtime: Runtime that reads the network.
    /// - Throws: ``YOLOError`` if the file cannot be read or does not hold a supported network.
    package init(file: ModelFile, runtime: Runtime) throws(YOLOError) {
        let source = try ModelSource(file, runtime: runtime)
        let (network, layers) = try YOLOError.wrapping { () -> (Network, [Layer]) in
            switch source.contents {
            case .checkpoint(let checkpoint):
                let built = try CheckpointNetwork(checkpoint, runtime: runtime)
                return (try Network(built, source.settings), try built.inspectedLayers)
            case .export(let model):
                let network = try Network(ExportedModel(model, source.settings))
                return (network, try network.sized.graph().inspectedLayers)
            }
        }
        sha256 = source.sha256
        self.layers = layers
        family = network.family?.name
        format = network.format
        self.file = file
        task = network.layout.hasMasks ? .segment : .detect
        labels = network.labels
        inputSide = network.inputSide
        isDynamic = network.isDynamic
        uncutReason = network.uncutReason
        cost = network.cost
        heads =
            switch network.layout.boxes {
            case .heads(let heads): heads.map { ($0.stride, $0.anchors.map { ($0.width, $0.height) }) }
            case .cells(let heads): heads.strides.map { ($0, []) }
            case .rows, .columns, .final: []
            }
    }
}

extension CheckpointNetwork {
    /// The layers as the packages list them.
    fileprivate var inspectedLayers: [ModelInspection.Layer] {
        get throws {
            // This network returns the output of every layer, so its output shapes are those of the layers.
            let shapes = try operations.model(values.map { $0[0] }).sized(height: inputSide, width: inputSide).outputs
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
    /// The operations that depend on the picture's pixels, renumbered; those on constants and shapes are omitted.
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
