extension Mask {
    /// The mask in COCO's run-length encoding, for the full picture.
    public var runLengths: RunLengthMask {
        // A counting sort of the changes between rows: the rows where each column changes, column by column.
        var columnStarts = [Int](repeating: 0, count: width + 2)
        forEachChange { _, columns in
            for column in columns { columnStarts[column + 2] += 1 }
        }
        for column in 0..<width { columnStarts[column + 2] += columnStarts[column + 1] }
        var rows = [Int32](repeating: 0, count: columnStarts[width + 1])
        forEachChange { line, columns in
            for column in columns {
                rows[columnStarts[column + 1]] = Int32(truncatingIfNeeded: line)
                columnStarts[column + 1] += 1
            }
        }

        var counts: [Int] = []
        counts.reserveCapacity(rows.count + 1)
        var position = 0
        for column in 0..<width {
            let top = (x + column) * imageHeight + y
            for row in rows[columnStarts[column]..<columnStarts[column + 1]] {
                let change = top + Int(row)
                // A run that reaches the picture's bottom may continue at the top of the next column.
                if change == position, let run = counts.popLast() {
                    position -= run
                } else {
                    counts.append(change - position)
                    position = change
                }
            }
        }
        let rest = imageWidth * imageHeight - position
        if rest > 0 || counts.isEmpty { counts.append(rest) }
        return RunLengthMask(width: imageWidth, height: imageHeight, counts: counts)
    }

    /// Calls `body` with each run of columns in which a row differs from the one above it.
    ///
    /// Pixels outside the region count as background.
    /// - Parameter body: Receives the index of the lower row, in `0...height`, and the columns, in reading order.
    private func forEachChange(_ body: (_ line: Int, _ columns: Range<Int>) -> Void) {
        for line in 0..<(height > 0 ? height + 1 : 0) {
            var upper = line > 0 ? rowStarts[line - 1] : 0
            var lower = rowStarts[line]
            let upperEnd = lower
            let lowerEnd = line < height ? rowStarts[line + 1] : lower
            var start: Int?
            while upper < upperEnd || lower < lowerEnd {
                let upperColumn = upper < upperEnd ? edges[upper] : .max
                let lowerColumn = lower < lowerEnd ? edges[lower] : .max
                if upperColumn <= lowerColumn { upper += 1 }
                if lowerColumn <= upperColumn { lower += 1 }
                // If both rows change in this column, whether they differ stays the same.
                guard upperColumn != lowerColumn else { continue }
                let column = Int(min(upperColumn, lowerColumn))
                if let first = start {
                    body(line, first..<column)
                    start = nil
                } else {
                    start = column
                }
            }
        }
    }
}
