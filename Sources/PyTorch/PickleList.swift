/// The elements of a list, tuple or set.
package final class PickleList: PickleNode {
    /// Elements in file order.
    package internal(set) var elements: [PickleValue]

    var measure = NodeMeasure.unknown

    init(_ elements: [PickleValue] = []) {
        self.elements = elements
    }

    var childCount: Int { elements.count }
    func child(at index: Int) -> PickleValue { elements[index] }
    func removeAll() { elements = [] }
}
