/// A value that contains others, and may be shared by several parents.
///
/// Only ``Unpickler`` creates nodes; they do not change after it finishes.
protocol PickleNode: AnyObject {
    /// Result of ``NodeMeasurement`` for this node.
    var measure: NodeMeasure { get set }
    /// Number of values that it contains.
    var childCount: Int { get }

    /// Returns a contained value, by an index in `0..<childCount`.
    func child(at index: Int) -> PickleValue

    /// Releases all contained values.
    func removeAll()
}

/// Size of a node, including everything below it.
enum NodeMeasure {
    case unknown
    case inProgress
    /// Nesting depth and number of values, counting shared ones once per reference.
    case known(depth: Int, valueCount: Int)
}
