/// A saved object, recorded as the call that would create it; nothing is executed.
package final class PickleObject: PickleNode {
    /// The class, or the function that would create the object, as `module.name`: `models.common.Conv`.
    package let className: String
    /// Arguments of the call to the class or function.
    package private(set) var arguments: [PickleValue]
    /// State that would be set after creation, usually the object's `__dict__`.
    package internal(set) var state: PickleValue?
    /// Elements that would be appended, for objects that are also lists.
    package internal(set) var elements: [PickleValue] = []
    /// Items that would be set by key, for objects that are also dictionaries.
    package internal(set) var items: PickleDictionary?

    var measure = NodeMeasure.unknown

    init(className: String, arguments: [PickleValue] = []) {
        self.className = className
        self.arguments = arguments
    }

    /// The object's `__dict__`; nil if the state has none.
    package var attributes: PickleDictionary? {
        // With `__slots__`, the state is a pair: the `__dict__` or None, and a dictionary of the slots.
        if case .tuple(let pair) = state, pair.elements.count == 2 { return pair.elements[0].dictionary }
        return state?.dictionary
    }

    /// Returns the value of an attribute from the object's `__dict__` or slots, or nil if it has none of that name.
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
