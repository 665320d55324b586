package import Inference

/// One of a YOLOv5 network's detection heads: the convolution that answers for one size of objects.
///
/// Its output is `[1, anchors * valuesPerAnchor, rows, columns]`: for each anchor the logits of x, y, width, height,
/// objectness and the classes.
package struct DetectionHead: Hashable, Sendable {
    /// A box that the head's answers are relative to, in pixels of the network's input.
    package struct Anchor: Hashable, Sendable {
        package var width: Float
        package var height: Float

        package init(width: Float, height: Float) {
            self.width = width
            self.height = height
        }
    }

    /// Pixels of the network's input by cell.
    package var stride: Int
    /// The anchors, in the order of the output's channels.
    package var anchors: [Anchor]
    /// 4 for the box, 1 for objectness, 1 for each class.
    package var valuesPerAnchor: Int

    package init(stride: Int, anchors: [Anchor], valuesPerAnchor: Int) {
        self.stride = stride
        self.anchors = anchors
        self.valuesPerAnchor = valuesPerAnchor
    }

    package var classCount: Int { valuesPerAnchor - 5 }
}

extension DetectionHead {
    /// A head together with the place in the graph where it comes out.
    package struct Site {
        package var head: DetectionHead
        package var port: Graph.Port
    }

    /// Finds the heads of a YOLOv5 export: the inputs of Reshape -> Transpose before the boxes are decoded.
    ///
    /// - Parameter model: The network as read, its input size still fixed.
    /// - Returns: The heads by rising stride; empty where the graph is not of the form known.
    /// - Throws: `InferenceError` when the graph's constants cannot be read.
    package static func sites(in model: Model) throws -> [Site] {
        guard let inputHeight = model.inputs.first??[2] else { return [] }
        let graph = model.graph()
        let sites = try graph.nodes.indices.compactMap { index in
            try site(ofTranspose: index, in: graph, of: model, inputHeight: inputHeight)
        }
        let areConsistent = Set(sites.map(\.head.valuesPerAnchor)).count == 1
        return areConsistent ? sites.sorted { $0.head.stride < $1.head.stride } : []
    }

    private static func site(
        ofTranspose index: Int,
        in graph: Graph,
        of model: Model,
        inputHeight: Int
    ) throws -> Site? {
        let transpose = graph.nodes[index]
        // [1, anchors, values, rows, columns] becomes [1, anchors, rows, columns, values].
        guard transpose.type == "Transpose", let reshape = graph.source(of: transpose), reshape.type == "Reshape",
            let split = reshape.outputs[0], split.rank == 5, let moved = transpose.outputs[0],
            let anchorCount = split[1], let values = split[2], let rows = split[3], values > 5, rows > 0,
            moved.dimensions == [split[0], split[1], split[3], split[4], split[2]], inputHeight % rows == 0
        else { return nil }
        guard let anchors = try anchors(after: index, in: graph, of: model), anchors.count == anchorCount else {
            return nil
        }
        let source = reshape.inputs[0]
        guard let output = graph.nodes[source.node].outputs[source.output], output.rank == 4,
            output[1] == anchorCount * values
        else { return nil }
        let head = DetectionHead(stride: inputHeight / rows, anchors: anchors, valuesPerAnchor: values)
        return Site(head: head, port: source)
    }

    /// The anchors are the constant `[1, anchors, rows or 1, columns or 1, 2]` that the decoded size is multiplied by.
    private static func anchors(after transpose: Int, in graph: Graph, of model: Model) throws -> [Anchor]? {
        var cone: Set<Int> = [transpose]
        for index in (transpose + 1)..<graph.nodes.count {
            let node = graph.nodes[index]
            guard node.inputs.contains(where: { cone.contains($0.node) }) else { continue }
            // A Concat joins x, y, width and height again: what comes after it is no longer this head's alone.
            guard node.type != "Concat" else { continue }
            cone.insert(index)
            guard node.type == "Multiply",
                let constant = node.inputs.first(where: { graph.nodes[$0.node].type == "Constant" })?.node,
                let shape = graph.nodes[constant].outputs[0], shape.rank == 5, shape[4] == 2,
                let count = shape[1], let rows = shape[2], let columns = shape[3]
            else { continue }
            let values = try model.constant(constant, limit: count * rows * columns * 2)
            let step = rows * columns * 2
            return (0..<count).map { Anchor(width: values[$0 * step], height: values[$0 * step + 1]) }
        }
        return nil
    }
}
