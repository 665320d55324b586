extension Graph {
    /// What a network weighs and what one picture costs.
    public struct Cost: Hashable, Sendable {
        /// Weights and biases of the convolutions.
        public var parameters: Int
        /// Multiplications and additions of the convolutions for one picture.
        public var operations: Int

        /// Makes a cost.
        public init(parameters: Int, operations: Int) {
            self.parameters = parameters
            self.operations = operations
        }
    }

    /// The convolutions' cost, which is nearly all of a network's; the graph's shapes must be fixed.
    public var cost: Cost {
        nodes.indices.reduce(into: Cost(parameters: 0, operations: 0)) { total, index in
            let cost = cost(of: index)
            total.parameters += cost.parameters
            total.operations += cost.operations
        }
    }

    /// The cost of one operation: none but for a convolution or a bias that is added to one.
    public func cost(of index: Int) -> Cost {
        let node = nodes[index]
        switch node.type {
        case "Convolution", "GroupConvolution":
            guard node.inputs.count == 2, let output = node.outputs.first ?? nil, let kernel = shape(of: node.inputs[1])
            else { break }
            let weights = kernel.elementCount ?? 0
            // Each filter is applied once for each cell of the output.
            let cells = (output[2] ?? 1) * (output[3] ?? 1)
            return Cost(parameters: weights, operations: 2 * weights * cells)
        case "Add":
            guard let channels = node.outputs.first??[1],
                node.inputs.contains(where: { nodes[$0.node].type.hasSuffix("Convolution") }),
                node.inputs.contains(where: { shape(of: $0)?.dimensions == [1, channels, 1, 1] })
            else { break }
            return Cost(parameters: channels, operations: 0)
        default: break
        }
        return Cost(parameters: 0, operations: 0)
    }

    private func shape(of port: Port) -> TensorShape? { nodes[port.node].outputs[port.output] }
}
