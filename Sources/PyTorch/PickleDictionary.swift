/// A Python dictionary in insertion order.
package final class PickleDictionary: PickleNode {
    /// Entries in insertion order.
    ///
    /// Only integers and strings of up to 512 bytes are unique; other keys may occur more than once.
    package private(set) var entries: [(key: PickleValue, value: PickleValue)] = []

    var measure = NodeMeasure.unknown

    private var indices: [Key: Int] = [:]

    /// A key that is indexed for lookup.
    private enum Key: Hashable {
        case string(String)
        case int(Int)

        /// Longer strings are not indexed: hashing them repeatedly is slow.
        private static let maximumByteCount = 512

        init?(_ value: PickleValue) {
            switch value {
            case .string(let text) where text.utf8.count <= Self.maximumByteCount: self = .string(text)
            case .int(let number): self = .int(number)
            default: return nil
            }
        }
    }

    /// The value of a string key; nil if it is absent or longer than 512 bytes.
    package subscript(key: String) -> PickleValue? {
        Key(.string(key)).flatMap { indices[$0] }.map { entries[$0].value }
    }

    /// The value of an integer key; nil if it is absent.
    package subscript(key: Int) -> PickleValue? {
        indices[.int(key)].map { entries[$0].value }
    }

    /// Sets the value of a key; an existing key keeps its position.
    func set(_ key: PickleValue, to value: PickleValue) {
        if let indexed = Key(key) {
            if let index = indices[indexed] {
                entries[index].value = value
                return
            }
            indices[indexed] = entries.count
        }
        entries.append((key, value))
    }

    var childCount: Int { 2 * entries.count }

    func child(at index: Int) -> PickleValue {
        let entry = entries[index / 2]
        return index.isMultiple(of: 2) ? entry.key : entry.value
    }

    func removeAll() {
        entries = []
        indices = [:]
    }
}
