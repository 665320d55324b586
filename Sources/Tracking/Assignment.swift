/// Pairs rows with columns so that the sum of their costs is least.
///
/// Takes time in proportion to the rows squared times the columns (or the other way round, if there are fewer columns).
/// - Parameters:
///   - rows: Number of rows.
///   - columns: Number of columns.
///   - limit: Maximum cost of a pair; dearer ones stay single.
///   - cost: Returns the cost of a pair, finite and not negative.
/// - Returns: For each row, its column; nil if it stays single.
/// - SeeAlso: R. Jonker and A. Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment
///   problems", 1987.
package func assignment(rows: Int, columns: Int, limit: Double, cost: (_ row: Int, _ column: Int) -> Double) -> [Int?] {
    guard rows <= columns else {
        var found = [Int?](repeating: nil, count: rows)
        let turned = assignment(rows: columns, columns: rows, limit: limit) { cost($1, $0) }
        for (column, row) in turned.enumerated() { if let row { found[row] = column } }
        return found
    }
    guard rows > 0 else { return [] }
    // Dearer pairs are all equally bad.
    let excess = limit + 1e-4
    let costs = (0..<rows).map { row in (0..<columns).map { min(cost(row, $0), excess) } }
    // Potentials of rows and columns, from 1; 0 stands for none.
    var rowPotential = [Double](repeating: 0, count: rows + 1)
    var columnPotential = [Double](repeating: 0, count: columns + 1)
    var rowOfColumn = [Int](repeating: 0, count: columns + 1)
    var previous = [Int](repeating: 0, count: columns + 1)
    for row in 1...rows {
        // Finds the cheapest path from the row to a free column, through columns that change their rows.
        rowOfColumn[0] = row
        var distance = [Double](repeating: .infinity, count: columns + 1)
        var isDone = [Bool](repeating: false, count: columns + 1)
        var column = 0
        repeat {
            isDone[column] = true
            let from = rowOfColumn[column]
            var (least, next) = (Double.infinity, 0)
            for candidate in 1...columns where !isDone[candidate] {
                let reduced = costs[from - 1][candidate - 1] - rowPotential[from] - columnPotential[candidate]
                if reduced < distance[candidate] {
                    distance[candidate] = reduced
                    previous[candidate] = column
                }
                if distance[candidate] < least { (least, next) = (distance[candidate], candidate) }
            }
            for candidate in 0...columns {
                if isDone[candidate] {
                    rowPotential[rowOfColumn[candidate]] += least
                    columnPotential[candidate] -= least
                } else {
                    distance[candidate] -= least
                }
            }
            column = next
        } while rowOfColumn[column] != 0
        while column != 0 {
            rowOfColumn[column] = rowOfColumn[previous[column]]
            column = previous[column]
        }
    }
    var found = [Int?](repeating: nil, count: rows)
    for column in 1...columns where rowOfColumn[column] > 0 {
        let row = rowOfColumn[column] - 1
        if costs[row][column - 1] <= limit { found[row] = column - 1 }
    }
    return found
}
