/// A table of text with aligned columns.
package struct TextTable {
    package enum Alignment {
        case left
        case right
    }

    private let alignments: [Alignment]
    private var rows: [[String]]

    package init(_ columns: [(title: String, alignment: Alignment)]) {
        alignments = columns.map(\.alignment)
        rows = [columns.map(\.title)]
    }

    package mutating func add(_ row: [String]) {
        rows.append(row)
    }

    /// The rows as lines, the titles first.
    package var text: String {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            let cells = row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return alignments[column] == .left ? row[column] + space : space + row[column]
            }
            let line = cells.joined(separator: "  ")
            return String(line[...(line.lastIndex { $0 != " " } ?? line.startIndex)])
        }
        return lines.joined(separator: "\n")
    }
}

extension Int {
    /// The number with commas as thousands separators: `7,225,885`.
    package var grouped: String {
        let digits = String(magnitude)
        let groups = digits.indices.map { index in
            let rest = digits.distance(from: index, to: digits.endIndex)
            return (rest % 3 == 0 && index != digits.startIndex ? "," : "") + String(digits[index])
        }
        return (self < 0 ? "-" : "") + groups.joined()
    }
}
