/// A value that holds others, and that several others may hold.
///
/// Nodes are made by ``Unpickler`` alone, and do not change once it is done.
protocol PickleNode: AnyObject {
    /// How far ``NodeMeasurement`` has looked into it.
    var measure: NodeMeasure { get set }
    /// How many values it holds.
    var childCount: Int { get }

    /// One of the values that it holds.
    func child(at index: Int) -> PickleValue

    /// Lets go of everything that it holds.
    func removeAll()
}

/// How large what is below a node is.
enum NodeMeasure {
    case unknown
    case inProgress
    /// The longest way down from here, and how many values there are if shared ones count each time.
    case known(depth: Int, valueCount: Int)
}
