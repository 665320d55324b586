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

    /// Number of bytes to insert, remove or replace (Levenshtein).
    private func editDistance(to other: String) -> Int {
        let other = Array(other.utf8)
        var row = Array(0...other.count)
        for (i, byte) in utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in other.indices {
                let replaced = diagonal + (byte == other[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = Swift.min(replaced, diagonal + 1, row[j] + 1)
            }
        }
        return row[other.count]
    }
}
