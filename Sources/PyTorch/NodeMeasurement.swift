/// Checks that a value can be walked and freed by simple recursion.
///
/// A small pickle can nest a million lists, make a list contain itself, or repeat the reference to each level ten times
/// in the next, so that walking it takes exponential time.
struct NodeMeasurement {
    private struct Frame {
        let node: any PickleNode
        var nextChild = 0
        var depth = 1
        var valueCount = 1
    }

    private let limits: Checkpoint.Limits
    /// Path from the root to the current node.
    private var path: [Frame] = []

    /// Measures all nodes of a value and checks them against the limits.
    ///
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/tooLarge`` if the value contains itself, is nested too deep,
    ///   or has too many values, counting shared ones once per reference.
    static func check(_ root: PickleValue, limits: Checkpoint.Limits) throws(PyTorchError) {
        var measurement = Self(limits: limits)
        if let node = root.node { try measurement.measure(node) }
    }

    private init(limits: Checkpoint.Limits) {
        self.limits = limits
    }

    private mutating func measure(_ root: any PickleNode) throws(PyTorchError) {
        try enter(root)
        var visits = 0
        while let last = path.indices.last {
            let frame = path[last]
            guard frame.nextChild < frame.node.childCount else {
                frame.node.measure = .known(depth: frame.depth, valueCount: frame.valueCount)
                path.removeLast()
                try add(depth: frame.depth, valueCount: frame.valueCount)
                continue
            }
            path[last].nextChild += 1
            visits += 1
            guard visits <= limits.maximumWalkedValues else { throw tooManyValues }

            let child = frame.node.child(at: frame.nextChild)
            switch child.node.map({ ($0, $0.measure) }) {
            case nil: try add(depth: 0, valueCount: 1)
            case (_, .known(let depth, let valueCount))?: try add(depth: depth, valueCount: valueCount)
            case (let node, .unknown)?: try enter(node)
            case (_, .inProgress)?:
                throw PyTorchError(.tooLarge, "data.pkl has a value that contains itself, unlike a network checkpoint")
            }
        }
    }

    private mutating func enter(_ node: any PickleNode) throws(PyTorchError) {
        guard path.count < limits.maximumDepth else { throw tooDeep }
        node.measure = .inProgress
        path.append(Frame(node: node))
    }

    /// Adds the measurements of a child to its parent, the last node of the path.
    private mutating func add(depth: Int, valueCount: Int) throws(PyTorchError) {
        guard let last = path.indices.last else { return }
        guard path.count + depth <= limits.maximumDepth else { throw tooDeep }
        path[last].depth = max(path[last].depth, depth + 1)
        path[last].valueCount += valueCount
        guard path[last].valueCount <= limits.maximumWalkedValues else { throw tooManyValues }
    }

    private var tooDeep: PyTorchError {
        PyTorchError(
            .tooLarge,
            "data.pkl has values nested more than \(limits.maximumDepth) deep, unlike a network checkpoint"
        )
    }

    private var tooManyValues: PyTorchError {
        PyTorchError(
            .tooLarge,
            "data.pkl has more than \(limits.maximumWalkedValues) values, counting repeated references, "
                + "unlike a network checkpoint"
        )
    }
}
