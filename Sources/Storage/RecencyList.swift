/// Keys ordered by their last use; every operation takes constant time.
struct RecencyList<Key: Hashable> {
    private struct Neighbours {
        var older: Key?
        var newer: Key?
    }

    private var neighbours: [Key: Neighbours] = [:]

    /// The least recently used key.
    private(set) var oldest: Key?
    /// The most recently used key.
    private(set) var newest: Key?

    /// Makes a key the newest, adding it if it is not in the list.
    mutating func use(_ key: Key) {
        guard key != newest else { return }
        remove(key)
        if let newest { neighbours[newest]?.newer = key }
        neighbours[key] = Neighbours(older: newest, newer: nil)
        newest = key
        oldest = oldest ?? key
    }

    /// Removes a key if it is in the list.
    mutating func remove(_ key: Key) {
        guard let removed = neighbours.removeValue(forKey: key) else { return }
        if let older = removed.older { neighbours[older]?.newer = removed.newer } else { oldest = removed.newer }
        if let newer = removed.newer { neighbours[newer]?.older = removed.older } else { newest = removed.older }
    }
}
