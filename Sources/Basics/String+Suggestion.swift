extension String {
    /// Returns the most similar of some names: the only one that begins with this one, or one with few differences.
    ///
    /// - Parameter names: The known names.
    /// - Returns: A name that a user probably meant; nil if none is similar.
    package func suggestion(from names: some Sequence<String>) -> String? {
        // Typos are found in words of usual length only: comparing takes time in proportion to both lengths.
        guard (2...40).contains(utf8.count) else { return nil }
        let longer = names.filter { $0.hasPrefix(self) }
        if longer.count == 1 { return longer[0] }
        let distances = names.map { ($0, editDistance(to: $0)) }
        guard let best = distances.min(by: { $0.1 < $1.1 }), best.1 <= max(1, best.0.utf8.count / 4) else { return nil }
        return best.0
    }

    /// Number of bytes to insert, remove, replace or swap with their neighbour (optimal string alignment).
    private func editDistance(to other: String) -> Int {
        let (own, other) = (Array(utf8), Array(other.utf8))
        var rows = [Array(0...other.count)]
        for i in own.indices {
            var row = [i + 1]
            for j in other.indices {
                let replaced = rows[i][j] + (own[i] == other[j] ? 0 : 1)
                var distance = Swift.min(replaced, rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, own[i] == other[j - 1], own[i - 1] == other[j] {
                    distance = Swift.min(distance, rows[i - 1][j - 1] + 1)
                }
                row.append(distance)
            }
            rows.append(row)
        }
        return rows[own.count][other.count]
    }
}
