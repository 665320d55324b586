package import Inference

/// Determines how an export that runs whole decodes its boxes, by feeding its decoding known values.
///
/// A layout is guessed from the shapes of the outputs, which many families of networks share. So the network is entered
/// after its last convolutions on feature maps, where each cell gets the same values. If the export decodes boxes in
/// pixels, those of neighbouring cells are then exactly one stride apart.
package struct WholeProbe {
    /// How the boxes of an export are expressed.
    package enum Finding: Hashable, Sendable {
        /// Centre, width and height in pixels of the input, and scores in `0...1`.
        case pixels
        /// As `pixels`, but decoded as YOLOX does: for zeros, the centre is the corner of the cell, and the sides are
        /// its stride.
        case yolox
        /// The same for all cells: offsets to them, which the client has to decode.
        case offsets
        /// Relative to the size of the input.
        case relative
        /// Left, top, right and bottom.
        case corners
        /// In pixels, with scores that are not probabilities.
        case logits
        /// Anything else.
        case unknown
    }

    /// A feature map in the graph.
    private struct Site: Hashable {
        var port: Graph.Port
        var count: Int
        var stride: Int
    }

    /// Most that a box's centre may be from its cell, in cells; YOLO's own heads reach up to 8.
    private static let maximumOffset: Float = 9
    /// Share of boxes that must be finite and where they should be.
    private static let neededShare = 0.95

    private let layout: OutputLayout
    private let width: Int
    private let height: Int
    private let strides: [Int]
    /// Deviation from the exact position in pixels.
    private let tolerance: Float
    /// Boxes for zeros: `[boxes, valuesPerBox]`.
    private let values: [Float]
    /// The same for values between -20 and 20.
    private let extremes: [Float]
    private let valuesPerBox: Int

    /// Probes a network; nil if its boxes do not come from feature maps, or depend on something else as well.
    ///
    /// - Parameters:
    ///   - model: Network with a fixed input size.
    ///   - layout: Layout to check: rows or columns.
    package init?(_ model: Model, layout: OutputLayout) {
        guard let input = model.inputs.first ?? nil, let height = input[2], let width = input[3],
            let shape = model.outputs.first ?? nil, let count = shape.elementCount
        else { return nil }
        let graph = model.graph()
        guard let (strides, values, extremes) = Self.responses(of: model, graph, height: height, width: width),
            let finest = strides.first
        else { return nil }
        // Half precision has a relative error of 1/2000; quantised networks round positions to 8 bit.
        let isQuantized = graph.nodes.contains { $0.type == "FakeQuantize" }
        tolerance = 0.05 * Float(finest) + (isQuantized ? 2 * Float(max(width, height)) / 255 : 0)
        self.layout = layout
        self.width = width
        self.height = height
        self.strides = strides
        valuesPerBox = (layout.boxes == .columns ? 4 : 5) + layout.classCount + layout.maskCoefficientCount
        guard count.isMultiple(of: valuesPerBox) else { return nil }
        let isColumns = layout.boxes == .columns
        self.values = isColumns ? Self.transposed(values, valuesPerBox) : values
        self.extremes = isColumns ? Self.transposed(extremes, valuesPerBox) : extremes
    }

    /// Returns how the boxes are expressed.
    package var finding: Finding {
        for order in orders {
            if follow(order, 0, scale: 1), follow(order, 1, scale: 1) {
                if follow(order, 2, scale: 1), follow(order, 3, scale: 1) { return .corners }
                guard areProbabilities else { return .logits }
                return isYOLOX(order) ? .yolox : .pixels
            }
            if follow(order, 0, scale: Float(width)), follow(order, 1, scale: Float(height)) { return .relative }
        }
        return areTheSame ? .offsets : .unknown
    }

    /// Returns the strides of the feature maps that the first output is computed from, and the output for zeros in them
    /// and for values between -20 and 20; nil if it depends on something else as well.
    static func responses(
        of model: Model,
        _ graph: Graph,
        height: Int,
        width: Int
    ) -> (strides: [Int], zeros: [Float], varied: [Float])? {
        let sites = sites(feeding: model.port(ofOutput: 0), in: graph, height: height, width: width)
        let ports = sites.map(\.port)
        let zeros = sites.map { [Float](repeating: 0, count: $0.count) }
        let varied = sites.map { site in
            (0..<site.count).map { Float(($0 &* 7919) % 129 - 64) / 3.2 }
        }
        guard !sites.isEmpty, let flat = try? model.evaluate(output: 0, ports: ports, values: zeros),
            let rough = try? model.evaluate(output: 0, ports: ports, values: varied)
        else { return nil }
        return (Set(sites.map(\.stride)).sorted(), flat, rough)
    }

    /// Finds the last convolutions on feature maps that an output is computed from.
    private static func sites(feeding output: Graph.Port, in graph: Graph, height: Int, width: Int) -> [Site] {
        var sites: Set<Site> = []
        var seen: Set<Graph.Port> = []
        var open = [output]
        while let port = open.popLast() {
            guard seen.insert(port).inserted else { continue }
            let node = graph.nodes[port.node]
            if let site = site(at: port, in: graph, height: height, width: width) {
                sites.insert(site)
            } else if node.type != "ShapeOf" {
                open += node.inputs
            }
        }
        return sites.sorted { ($0.stride, $0.port.node) < ($1.stride, $1.port.node) }
    }

    /// Returns the site at a port that is the output of a convolution, with its bias if it has one.
    private static func site(at port: Graph.Port, in graph: Graph, height: Int, width: Int) -> Site? {
        let node = graph.nodes[port.node]
        let isBiased = node.type == "Add" && node.inputs.contains { isPerChannel($0, in: graph) }
        let place = isBiased && isPerChannel(node.inputs[0], in: graph) ? 1 : 0
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
    private static func isPerChannel(_ port: Graph.Port, in graph: Graph) -> Bool {
        guard let shape = graph.nodes[port.node].outputs[port.output] else { return false }
        return shape.rank == 4 && shape[0] == 1 && shape[2] == 1 && shape[3] == 1
    }

    private static func transposed(_ values: [Float], _ valuesPerBox: Int) -> [Float] {
        let boxes = values.count / valuesPerBox
        return (0..<values.count).map { values[$0 % valuesPerBox * boxes + $0 / valuesPerBox] }
    }

    private var boxCount: Int { values.count / valuesPerBox }

    /// Position of a box's cell.
    private struct Cell {
        var stride: Int
        var column: Int
        var row: Int
        /// Distinguishes the boxes of one cell.
        var anchor: Int
    }

    /// The cells of all boxes, in each order in which exports write them: from the finest or the coarsest feature map,
    /// and by anchor or by cell.
    private var orders: [[Cell]] {
        let cellCount = strides.reduce(0) { $0 + (width / $1) * (height / $1) }
        guard cellCount > 0, boxCount.isMultiple(of: cellCount) else { return [] }
        let anchors = boxCount / cellCount
        guard (1...16).contains(anchors) else { return [] }
        return [strides, strides.reversed()].flatMap { strides in
            let byAnchor = strides.flatMap { stride in
                (0..<anchors).flatMap { cells(of: stride, anchors: $0...$0) }
            }
            guard anchors > 1 else { return [byAnchor] }
            return [byAnchor, strides.flatMap { cells(of: $0, anchors: 0...anchors - 1) }]
        }
    }

    private func cells(of stride: Int, anchors: ClosedRange<Int>) -> [Cell] {
        (0..<height / stride).flatMap { row in
            (0..<width / stride).flatMap { column in
                anchors.map { Cell(stride: stride, column: column, row: row, anchor: $0) }
            }
        }
    }

    /// Whether a value of each box, in pixels divided by `scale`, is at the same place relative to its cell.
    private func follow(_ order: [Cell], _ value: Int, scale: Float) -> Bool {
        struct Kind: Hashable {
            var stride: Int
            var anchor: Int
        }
        var offsets: [Kind: Float] = [:]
        var matches = 0
        for (box, cell) in order.enumerated() {
            let position = values[box * valuesPerBox + value] * scale / Float(cell.stride)
            let offset = position - Float(value.isMultiple(of: 2) ? cell.column : cell.row)
            guard offset.isFinite else { continue }
            let kind = Kind(stride: cell.stride, anchor: cell.anchor)
            let expected = offsets[kind] ?? offset
            offsets[kind] = expected
            let isThere = abs(offset - expected) * Float(cell.stride) <= tolerance
            if isThere, abs(offset) <= Self.maximumOffset { matches += 1 }
        }
        return Double(matches) >= Self.neededShare * Double(order.count)
    }

    /// Whether all boxes of the same size are at the same place.
    private var areTheSame: Bool {
        let places = (0..<boxCount).map { values[$0 * valuesPerBox] }
        return Set(places.map { ($0 * 100).rounded() }).count <= 16 * strides.count
    }

    private var areProbabilities: Bool {
        let last = valuesPerBox - layout.maskCoefficientCount
        return [values, extremes].allSatisfy { values in
            let inside = (0..<boxCount).count { box in
                (4..<last).allSatisfy { (-0.001...1.001).contains(values[box * valuesPerBox + $0]) }
            }
            return Double(inside) >= Self.neededShare * Double(boxCount)
        }
    }

    private func isYOLOX(_ order: [Cell]) -> Bool {
        order.enumerated().allSatisfy { box, cell in
            let stride = Float(cell.stride)
            let expected = [Float(cell.column) * stride, Float(cell.row) * stride, stride, stride]
            return (0..<4).allSatisfy { abs(values[box * valuesPerBox + $0] - expected[$0]) < 0.01 * stride }
        }
    }
}
