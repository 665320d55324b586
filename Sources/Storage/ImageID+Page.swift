extension [ImageID] {
    /// Returns a page of the ids, which must be in ascending order.
    ///
    /// - Parameters:
    ///   - cursor: The id after which the page starts, which need not exist; nil starts with the first id.
    ///   - limit: Maximum number of ids to return.
    /// - Returns: The ids in ascending order; empty after the last one.
    func page(after cursor: ImageID?, limit: Int) -> ArraySlice<ImageID> {
        let start = cursor.map { cursor in partitioningIndex { $0 > cursor } } ?? 0
        return self[start...].prefix(Swift.max(0, limit))
    }

    /// Returns the index of the first id that satisfies the predicate, or `count` if none does.
    ///
    /// All ids after the first match must satisfy the predicate too.
    func partitioningIndex(where predicate: (ImageID) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
