internal import Glibc

extension COCOResult {
    /// The twelve figures, one line each, exactly as pycocotools prints them.
    package var summary: String {
        figures.map { figure in
            let title = figure.metric == .averagePrecision ? "Average Precision  (AP)" : "Average Recall     (AR)"
            let overlap = figure.iouThreshold.map { fixed($0, decimals: 2) } ?? "0.50:0.95"
            return " \(title) @[ IoU=\(padded(overlap, 9)) | area=\(padded("\(figure.size)", -6)) "
                + "| maxDets=\(padded("\(figure.maximumDetections)", -3)) ] = \(fixed(figure.value ?? -1, decimals: 3))"
        }.joined(separator: "\n")
    }

    /// A table with a row for all categories together and one for each category that has objects.
    ///
    /// Precision (P) and recall (R) are those at the confidence threshold with the best F1 score.
    package var categoryTable: String {
        let rows = categories.filter { $0.objectCount > 0 }.map { category in
            [
                category.name,
                "\(category.objectCount)",
                fixed(category.averagePrecision ?? -1, decimals: 3),
                fixed(category.averagePrecision50 ?? -1, decimals: 3),
                category.best.map { fixed($0.precision, decimals: 3) } ?? "-",
                category.best.map { fixed($0.recall, decimals: 3) } ?? "-",
                category.best.map { fixed(Double($0.confidence), decimals: 3) } ?? "-",
            ]
        }
        let total = [
            "all",
            "\(categories.reduce(0) { $0 + $1.objectCount })",
            fixed(averagePrecision ?? -1, decimals: 3),
            fixed(averagePrecision50 ?? -1, decimals: 3),
            "", "", "",
        ]
        let table = [["class", "objects", "AP", "AP50", "P", "R", "at confidence"], total] + rows
        let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { row in
            row.indices.map { padded(row[$0], $0 == 0 ? widths[$0] : -widths[$0]) }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

/// Pads text with spaces: on the right to a positive width, on the left to a negative one.
private func padded(_ text: String, _ width: Int) -> String {
    let spaces = String(repeating: " ", count: max(abs(width) - text.count, 0))
    return width < 0 ? spaces + text : text + spaces
}

/// Formats a number with a fixed number of decimals, rounded as in C and Python.
private func fixed(_ value: Double, decimals: Int) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
        _ = withVaList([CInt(decimals), value]) { vsnprintf(buffer.baseAddress, buffer.count, "%.*f", $0) }
        return buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
}
