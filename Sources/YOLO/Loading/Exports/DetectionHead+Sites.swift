package import Inference

extension DetectionHead {
    /// A place in a graph that looks like a head: a feature map that is split by anchor.
    package struct Site: Hashable, Sendable {
        /// Port of the head's output, `[batch, anchors * valuesPerAnchor, rows, columns]`.
        package var port: Graph.Port
        package var batch: Int
        package var anchorCount: Int
        package var valuesPerAnchor: Int
        package var rows: Int
        package var columns: Int
        /// Input pixels per cell, in both directions.
        package var stride: Int

        /// Number of cells per anchor.
        var plane: Int { rows * columns }
        /// Number of values per picture.
        var count: Int { anchorCount * valuesPerAnchor * plane }
    }

    /// Maximum number of values of all heads together; 1,280 x 1,280 pixels and 600 classes have fewer.
    private static let maximumCount = 1 << 26

    /// Finds possible heads of a YOLOv5 export: the inputs of Reshape -> Transpose before the boxes are decoded.
    ///
    /// ``HeadProbe`` determines whether they are heads.
    /// - Parameter model: Network with a fixed input size.
    /// - Returns: The sites by ascending stride; empty if the graph does not have the expected form.
    package static func sites(in model: Model) -> [Site] {
        guard let input = model.inputs.first ?? nil, let height = input[2], let width = input[3] else { return [] }
        let graph = model.graph()
        let sites = graph.nodes.compactMap { node in
            site(of: node, in: graph, inputHeight: height, inputWidth: width)
        }
        let areAlike = Set(sites.map { [$0.batch, $0.valuesPerAnchor] }).count == 1
        let isSmall = sites.count < 16 && sites.reduce(0) { $0 + $1.batch * $1.count } <= maximumCount
        return areAlike && isSmall ? sites.sorted { $0.stride < $1.stride } : []
    }

    private static func site(of transpose: Graph.Node, in graph: Graph, inputHeight: Int, inputWidth: Int) -> Site? {
        // [batch, anchors, values, rows, columns] becomes [batch, anchors, rows, columns, values].
        guard transpose.type == "Transpose", let reshape = graph.source(of: transpose), reshape.type == "Reshape",
            let split = reshape.outputs.first ?? nil, split.rank == 5, let moved = transpose.outputs.first ?? nil,
            let batch = split[0], let anchors = split[1], let values = split[2], let rows = split[3],
            let columns = split[4], let count = split.elementCount, (1...maximumCount).contains(count),
            moved.dimensions == [batch, anchors, rows, columns, values], values > 5
        else { return nil }
        let stride = inputHeight / rows
        guard stride > 0, stride * rows == inputHeight, stride * columns == inputWidth else { return nil }
        let port = reshape.inputs[0]
        guard let source = graph.nodes[port.node].outputs[port.output],
            source.dimensions == [batch, anchors * values, rows, columns]
        else { return nil }
        return Site(
            port: port,
            batch: batch,
            anchorCount: anchors,
            valuesPerAnchor: values,
            rows: rows,
            columns: columns,
            stride: stride
        )
    }
}
