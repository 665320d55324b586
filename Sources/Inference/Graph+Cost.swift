extension Graph {
    /// What a network weighs and what one picture costs.
    public struct Cost: Hashable, Sendable {
        /// Weights and biases of the convolutions.
        public var parameters: Int
        /// Multiplications and additions of the convolutions for one picture.
        public var operations: Int

        /// 10^9 multiplications and additions, to one digit.
        public var gigaOperations: Double { (Double(operations) / 1e8).rounded() / 10 }

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
            total.parameters = total.parameters.addingSaturated(cost.parameters)
            total.operations = total.operations.addingSaturated(cost.operations)
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
            let (operations, isTooMany) = [2, weights, output[2] ?? 1, output[3] ?? 1].productReportingOverflow()
            return Cost(parameters: weights, operations: isTooMany ? .max : operations)
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

    /// Most values that the tensors hold together at any time; `Int.max` where there are more than can be counted.
    ///
    /// A tensor is held from where it is made to where it is last taken. The graph's shapes must be fixed.
    public var peakElementCount: Int {
        var lastUse = Array(nodes.indices)
        for (index, node) in nodes.enumerated() {
            for input in node.inputs { lastUse[input.node] = index }
        }
        // Constants are the file's.
        let sizes = nodes.map { node in
            node.type == "Constant" ? 0 : node.outputs.reduce(0) { $0.addingSaturated($1?.elementCount ?? .max) }
        }
        var freed = [[Int]](repeating: [], count: nodes.count)
        for (index, use) in lastUse.enumerated() { freed[use].append(sizes[index]) }
        var (peak, live) = (0, 0)
        for index in nodes.indices {
            live = live.addingSaturated(sizes[index])
            guard live < .max else { return .max }
            peak = max(peak, live)
            live -= freed[index].reduce(0, +)
        }
        return peak
    }

    private func shape(of port: Port) -> TensorShape? { nodes[port.node].outputs[port.output] }
}

extension Int {
    /// The sum, or the greatest number where it is greater.
    fileprivate func addingSaturated(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
