extension Graph {
    /// Number of parameters of a network, and of operations per picture.
    package struct Cost: Hashable, Sendable {
        /// Number of weights and biases of the convolutions.
        package var parameters: Int
        /// Number of multiplications and additions in the convolutions for one picture.
        package var operations: Int

        /// Operations in units of 10^9, rounded to one decimal place.
        package var gigaOperations: Double { (Double(operations) / 1e8).rounded() / 10 }

        package init(parameters: Int, operations: Int) {
            self.parameters = parameters
            self.operations = operations
        }
    }

    /// Cost of the convolutions, which is nearly the total cost of a network.
    ///
    /// The graph's shapes must be fixed.
    package var cost: Cost {
        nodes.indices.reduce(into: Cost(parameters: 0, operations: 0)) { total, index in
            let cost = cost(of: index)
            total.parameters = total.parameters.addingSaturated(cost.parameters)
            total.operations = total.operations.addingSaturated(cost.operations)
        }
    }

    /// Returns the cost of an operation, which is zero unless it is a convolution or adds a convolution's bias.
    package func cost(of index: Int) -> Cost {
        let node = nodes[index]
        switch node.type {
        case "Convolution", "GroupConvolution":
            guard node.inputs.count == 2, let output = node.outputs.first ?? nil, let kernel = shape(of: node.inputs[1])
            else { break }
            let weights = kernel.elementCount ?? 0
            // Each filter is applied once per output cell.
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

    /// Largest number of tensor values that are live at the same time; `Int.max` on overflow.
    ///
    /// A tensor is live from the operation that produces it to the last one that reads it. The graph's shapes must be
    /// fixed, except those of what selects and combines the boxes that a non-maximum suppression kept, which are few.
    package var peakElementCount: Int {
        var lastUse = Array(nodes.indices)
        for (index, node) in nodes.enumerated() {
            for input in node.inputs { lastUse[input.node] = index }
        }
        var isSelected = [Bool](repeating: false, count: nodes.count)
        for (index, node) in nodes.enumerated() {
            let selects = node.type.contains("NonMaxSuppression") || node.type.contains("Nms")
            isSelected[index] = selects || node.inputs.contains { isSelected[$0.node] }
        }
        // Constants belong to the model file and do not count.
        let sizes = nodes.enumerated().map { index, node in
            guard node.type != "Constant" else { return 0 }
            return node.outputs.reduce(0) { total, shape in
                let count = shape?.elementCount ?? (isSelected[index] ? Self.count(ofFew: shape, node.type) : .max)
                return total.addingSaturated(count)
            }
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

    /// Returns about how many values belong to boxes that a suppression kept: a thousand along each axis that varies.
    private static func count(ofFew shape: TensorShape?, _ type: String) -> Int {
        guard let shape, !["Range", "OneHot", "EyeLike", "Interpolate"].contains(type) else { return .max }
        return shape.dimensions.reduce(1) { count, length in
            let (product, overflow) = count.multipliedReportingOverflow(by: length ?? 1000)
            return overflow ? .max : product
        }
    }

    private func shape(of port: Port) -> TensorShape? { nodes[port.node].outputs[port.output] }
}

extension Int {
    /// Returns the sum, or `Int.max` on overflow.
    fileprivate func addingSaturated(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
