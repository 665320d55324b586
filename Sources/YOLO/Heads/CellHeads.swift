/// The heads of an anchor-free network, each of which detects objects of one size range: one box for each cell.
///
/// A box is stated as the distances of its left, upper, right and lower edge from the middle of its cell, in cells. Each
/// is a number, or a distribution over `0..<bins`, of which the mean counts.
package struct CellHeads: Hashable, Sendable {
    /// Input pixels per cell of each head.
    package var strides: [Int]
    /// Number of values for each edge, at least 1.
    package var bins: Int

    package init(strides: [Int], bins: Int) {
        self.strides = strides
        self.bins = bins
    }
}
