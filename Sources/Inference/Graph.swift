internal import COpenVINO

/// A model's operations in topological order: each comes after those whose outputs it takes.
public struct Graph: Sendable {
    /// One output of one operation.
    public struct Port: Hashable, Sendable {
        /// Index of the operation in ``Graph/nodes``.
        public let node: Int
        /// Which of its outputs.
        public let output: Int

        /// Names an output.
        public init(node: Int, output: Int = 0) {
            self.node = node
            self.output = output
        }
    }

    /// One operation.
    public struct Node: Sendable {
        /// Its type in OpenVINO's operation set: `Convolution`, `Reshape`, ….
        public let type: String
        /// The name that the exporter gave it.
        public let name: String
        /// Where its inputs come from.
        public let inputs: [Port]
        /// Shapes of its outputs; nil where the number of axes is not fixed.
        public let outputs: [TensorShape?]
    }

    /// The operations in topological order.
    public let nodes: [Node]

    init(of model: OpaquePointer) {
        nodes = (0..<cov_model_node_count(model)).map { index in
            let node = cov_model_node(model, index)
            return Node(
                type: String(cString: node.type),
                name: String(cString: node.name),
                inputs: (0..<node.input_count).map { input in
                    let port = cov_model_node_input(model, index, input)
                    return Port(node: port.node, output: port.output)
                },
                outputs: (0..<node.output_count).map { output in
                    TensorShape(cov_model_port_shape(model, COVPort(node: index, output: output)))
                }
            )
        }
    }

    /// The operation that an input of `node` comes from, or nil where it has no such input.
    public func source(of node: Node, input: Int = 0) -> Node? {
        node.inputs.indices.contains(input) ? nodes[node.inputs[input].node] : nil
    }
}
