/// The record of an object that was saved: what it would be made from, and nothing that was run.
package final class PickleObject: PickleNode {
    /// The class, or the function that would have made it: `module.name`, as `models.common.Conv`.
    package let className: String
    /// What the class or function would have been called with.
    package private(set) var arguments: [PickleValue]
    /// What would have been set afterwards, mostly the object's `__dict__`.
    package internal(set) var state: PickleValue?
    /// What would have been appended, to objects that are lists too.
    package internal(set) var elements: [PickleValue] = []
    /// What would have been set by key, in objects that are dictionaries too.
    package internal(set) var items: PickleDictionary?

    var measure = NodeMeasure.unknown

    init(className: String, arguments: [PickleValue] = []) {
        self.className = className
        self.arguments = arguments
    }

    /// The object's `__dict__`, where the state has one.
    package var attributes: PickleDictionary? {
        // With `__slots__` it is a pair: the `__dict__` or None, and a dictionary of the slots.
        if case .tuple(let pair) = state, pair.elements.count == 2 { return pair.elements[0].dictionary }
        return state?.dictionary
    }

    /// The value of an attribute, from the object's `__dict__` or its slots.
    package func attribute(_ name: String) -> PickleValue? {
        if let value = attributes?[name] { return value }
        guard case .tuple(let pair) = state, pair.elements.count == 2 else { return nil }
        return pair.elements[1].dictionary?[name]
    }

    var childCount: Int { arguments.count + elements.count + 2 }

    func child(at index: Int) -> PickleValue {
        switch index {
        case arguments.indices: arguments[index]
        case arguments.count: state ?? .none
        case arguments.count + 1: items.map(PickleValue.dictionary) ?? .none
        default: elements[index - arguments.count - 2]
        }
    }

    func removeAll() {
        arguments = []
        state = nil
        elements = []
        items = nil
    }
}
