internal import COpenVINO

/// A model's operations in topological order: each comes after the operations that feed it.
package struct Graph: Sendable {
    /// One output of an operation.
    package struct Port: Hashable, Sendable {
        /// Index of the operation in ``Graph/nodes``.
        package let node: Int
        /// Index of the output among the operation's outputs.
        package let output: Int

        package init(node: Int, output: Int = 0) {
            self.node = node
            self.output = output
        }
    }

    /// An operation of the model.
    package struct Node: Sendable {
        /// Type in OpenVINO's operation set, such as `Convolution` or `Reshape`.
        package let type: String
        /// Name assigned by the exporter.
        package let name: String
        /// Source of each input.
        package let inputs: [Port]
        /// Shapes of the outputs; nil if the number of axes is not fixed or exceeds 8.
        package let outputs: [TensorShape?]
    }

    /// The operations in topological order.
    package let nodes: [Node]

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

    /// Returns the operation that feeds an input of `node`, or nil if there is no such input.
    package func source(of node: Node, input: Int = 0) -> Node? {
        node.inputs.indices.contains(input) ? nodes[node.inputs[input].node] : nil
    }
}
