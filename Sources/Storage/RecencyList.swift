/// Keys in the order of their last use; every operation takes constant time.
struct RecencyList<Key: Hashable> {
    private struct Neighbours {
        var older: Key?
        var newer: Key?
    }

    private var neighbours: [Key: Neighbours] = [:]

    /// The key that was not used for the longest time.
    private(set) var oldest: Key?
    /// The key that was used last.
    private(set) var newest: Key?

    /// Makes the key the newest, whether it was there or not.
    mutating func use(_ key: Key) {
        guard key != newest else { return }
        remove(key)
        if let newest { neighbours[newest]?.newer = key }
        neighbours[key] = Neighbours(older: newest, newer: nil)
        newest = key
        oldest = oldest ?? key
    }

    /// Removes the key, if it is there.
    mutating func remove(_ key: Key) {
        guard let removed = neighbours.removeValue(forKey: key) else { return }
        if let older = removed.older { neighbours[older]?.newer = removed.newer } else { oldest = removed.newer }
        if let newer = removed.newer { neighbours[newer]?.older = removed.older } else { newest = removed.older }
    }
}
