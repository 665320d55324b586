/// Makes sure that a value can be walked and freed by simple recursion.
///
/// A pickle can nest a million lists in each other, put one into itself, or hold ten lists of ten references each to
/// the next ten, and so on: little to read, but endless to walk.
struct NodeMeasurement {
    private struct Frame {
        let node: any PickleNode
        var nextChild = 0
        var depth = 1
        var valueCount = 1
    }

    private let limits: Checkpoint.Limits
    /// The way from the root to where it is.
    private var path: [Frame] = []

    /// Measures the nodes below a value.
    ///
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/tooLarge`` where the value holds itself, or is deeper or,
    ///   with all that is shared counted each time, larger than the limits.
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
                throw PyTorchError(.tooLarge, "data.pkl has a value that holds itself, which no network does")
            }
        }
    }

    private mutating func enter(_ node: any PickleNode) throws(PyTorchError) {
        guard path.count < limits.maximumDepth else { throw tooDeep }
        node.measure = .inProgress
        path.append(Frame(node: node))
    }

    /// Adds what was measured to the node that holds it.
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
            "data.pkl has values nested more than \(limits.maximumDepth) deep, which no network does"
        )
    }

    private var tooManyValues: PyTorchError {
        PyTorchError(
            .tooLarge,
            "data.pkl repeats its values to more than \(limits.maximumWalkedValues), which no network does"
        )
    }
}
