extension [ImageID] {
    /// A page of ids, which are in their order.
    ///
    /// - Parameters:
    ///   - cursor: The id behind which to begin, whether it exists or not; nil begins with the first.
    ///   - limit: How many ids to give at most.
    /// - Returns: The ids in their order; none behind the last one.
    func page(after cursor: ImageID?, limit: Int) -> ArraySlice<ImageID> {
        let start = cursor.map { cursor in partitioningIndex { $0 > cursor } } ?? 0
        return self[start...].prefix(Swift.max(0, limit))
    }

    /// The first index whose element satisfies the predicate, as all behind it do.
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
