internal import Inference

/// Enters a network after its last layers with known values, and returns what it makes of them.
///
/// What outputs mean is guessed from their shapes, which many families of networks share. How a network decodes known
/// values proves it, without running the rest.
final class OutputProbe {
    /// Layers after which the network is entered.
    enum Entrance: Sendable {
        /// Convolutions on feature maps.
        case convolutions
        /// These, and linear layers.
        case layers
    }

    /// Values that layers are replaced by.
    enum Feed: Hashable, Sendable {
        /// All are the same.
        case constant(Float)
        /// They vary from `-spread` to `spread`.
        case varied(spread: Float)

        static let zeros = Feed.constant(0)

        /// Returns the value at an index of a layer's output.
        func value(at index: Int) -> Float {
            switch self {
            case .constant(let value): value
            case .varied(let spread): Float((index &* 7919) % 129 - 64) / 64 * spread
            }
        }
    }

    /// Output of a layer.
    private struct Site: Hashable {
        var port: Graph.Port
        var count: Int
        /// Pixels per cell; nil for a linear layer.
        var stride: Int?
    }

    /// Maximum number of values of all sites together; 1,280 x 1,280 pixels and 600 classes have fewer.
    private static let maximumCount = 1 << 25
    /// Maximum number of values of an output whose shape is not fixed.
    private static let maximumDynamicCount = 1 << 22

    /// Size of the network's input in pixels.
    let height: Int
    let width: Int
    /// Whether values in the network are rounded to 8 bit.
    let isQuantized: Bool
    /// Whether the network selects values by their rank.
    let selectsBest: Bool
    private let model: Model
    private let graph: Graph
    private let entrance: Entrance
    /// For each operation, whether it is a constant, which may be stored in another precision or scaled.
    private let isConstant: [Bool]
    private var responses: [Question: [Float]?] = [:]

    private struct Question: Hashable {
        var output: Int
        var feed: Feed
    }

    /// Probes a network with a fixed input size.
    init(_ model: Model, _ size: ExportedModel.Size, entrance: Entrance) {
        self.model = model
        self.entrance = entrance
        graph = model.graph()
        var isConstant: [Bool] = []
        for node in graph.nodes {
            let isSimple = ["Convert", "Multiply", "Transpose", "Reshape", "Subtract"].contains(node.type)
            isConstant.append(node.type == "Constant" || (isSimple && node.inputs.allSatisfy { isConstant[$0.node] }))
        }
        self.isConstant = isConstant
        height = size.height
        width = size.width
        isQuantized = graph.nodes.contains { $0.type == "FakeQuantize" }
        selectsBest = graph.nodes.contains { $0.type == "TopK" }
    }

    /// Returns the strides of the feature maps that an output is computed from.
    func strides(of output: Int) -> [Int] { Set(sites(of: output).compactMap(\.stride)).sorted() }

    /// Returns an output for values in the layers; nil if it depends on anything else.
    ///
    /// - Parameters:
    ///   - output: Index of the output.
    ///   - feed: Values for the layers.
    ///   - other: Index of the output that is computed from the layers, if this one is only a count of its boxes.
    /// - Returns: The values in row-major order.
    func response(of output: Int, to feed: Feed, layersOf other: Int? = nil) -> [Float]? {
        let question = Question(output: output, feed: feed)
        if let known = responses[question] { return known }
        let response = run(output, feed, layersOf: other ?? output)
        responses[question] = .some(response)
        return response
    }

    private func run(_ output: Int, _ feed: Feed, layersOf other: Int) -> [Float]? {
        let sites = sites(of: other)
        guard !sites.isEmpty, sites.reduce(0, { $0 + $1.count }) <= Self.maximumCount else { return nil }
        return try? model.evaluate(
            output: output,
            ports: sites.map(\.port),
            values: sites.map { site in (0..<site.count).map(feed.value(at:)) },
            maximumCount: Self.maximumDynamicCount
        )
    }

    /// Returns the values of all boxes, `[boxes, valuesPerBox]`; nil if they depend on anything but the layers.
    func table(_ form: BoxForm, _ feed: Feed) -> [Float]? {
        let perBox = form.valuesPerBox
        guard let values = response(of: form.boxes, to: feed) else { return nil }
        guard form.boxes != form.scores else {
            guard values.count.isMultiple(of: perBox) else { return nil }
            let count = values.count / perBox
            guard form.isTransposed else { return values }
            return values.indices.map { values[$0 % perBox * count + $0 / perBox] }
        }
        guard let scores = response(of: form.scores, to: feed) else { return nil }
        let count = values.count / 4
        guard values.count == 4 * count, scores.count == count * (perBox - 4) else { return nil }
        var table: [Float] = []
        for box in 0..<count {
            table += values[4 * box..<4 * box + 4]
            table += scores[(perBox - 4) * box..<(perBox - 4) * (box + 1)]
        }
        return table
    }

    /// Finds the last layers that an output is computed from.
    private func sites(of output: Int) -> [Site] {
        var sites: Set<Site> = []
        var seen: Set<Graph.Port> = []
        var open = [model.port(ofOutput: output)]
        while let port = open.popLast() {
            guard seen.insert(port).inserted else { continue }
            let node = graph.nodes[port.node]
            if let site = convolution(at: port) ?? linearLayer(at: port) {
                sites.insert(site)
            } else if node.type != "ShapeOf" {
                open += node.inputs
            }
        }
        return sites.sorted { ($0.stride ?? 0, $0.port.node) < ($1.stride ?? 0, $1.port.node) }
    }

    /// Returns the site at a port that is the output of a convolution on a feature map, with its bias if it has one.
    private func convolution(at port: Graph.Port) -> Site? {
        let node = graph.nodes[port.node]
        let isBiased = node.type == "Add" && node.inputs.contains(where: isPerChannel)
        let place = isBiased && isPerChannel(node.inputs[0]) ? 1 : 0
        let convolution = isBiased ? graph.source(of: node, input: place) : node
        guard let convolution, convolution.type == "Convolution" || convolution.type == "GroupConvolution",
            node.outputs.indices.contains(port.output), let shape = node.outputs[port.output], shape.rank == 4,
            let rows = shape[2], let columns = shape[3], let count = shape.elementCount, rows > 0, count < 1 << 26
        else { return nil }
        let stride = height / rows
        guard stride > 1, stride * rows == height, stride * columns == width else { return nil }
        return Site(port: port, count: count, stride: stride)
    }

    /// Whether a port has one value per channel, like a bias.
    private func isPerChannel(_ port: Graph.Port) -> Bool {
        guard let shape = graph.nodes[port.node].outputs[port.output] else { return false }
        return shape.rank == 4 && shape[0] == 1 && shape[2] == 1 && shape[3] == 1
    }

    /// Returns the site at a port that is the output of a linear layer, with its bias if it has one.
    private func linearLayer(at port: Graph.Port) -> Site? {
        guard entrance == .layers else { return nil }
        let node = graph.nodes[port.node]
        // Gemm, an ONNX operation, scales both the product and the bias.
        let product = variablePart(of: variablePart(of: node, "Add"), "Multiply")
        guard product.type == "MatMul", product.inputs.contains(where: { isConstant[$0.node] }),
            node.outputs.indices.contains(port.output), let count = node.outputs[port.output]?.elementCount,
            (1..<1 << 26).contains(count)
        else { return nil }
        return Site(port: port, count: count, stride: nil)
    }

    /// Returns what an operation of a type combines with a constant; the operation itself if it has another type.
    private func variablePart(of node: Graph.Node, _ type: String) -> Graph.Node {
        guard node.type == type, let constant = node.inputs.firstIndex(where: { isConstant[$0.node] }) else {
            return node
        }
        return graph.source(of: node, input: 1 - constant) ?? node
    }
}
