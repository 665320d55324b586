internal import Inference

/// Determines whether boxes are final: left, top, right and bottom edge in pixels, score and class.
///
/// Other networks have outputs of this shape, too. So the network is entered after its last layers: on zeros, where the
/// boxes of cells must lie around their middles, and on various values, where boxes, scores and classes differ.
struct FinalProbe {
    /// Share of boxes that must be as they should be.
    private static let neededShare = 0.95

    /// Boxes for zeros, or for ones.
    private let zeros: [[Float]]
    private let varied: [[Float]]
    private let width: Int
    private let height: Int

    /// Probes a network; nil if its boxes depend on more than its last layers.
    ///
    /// - Parameters:
    ///   - probe: Probe of the network.
    ///   - rows: Returns the boxes, in the order of ``FinalProbe``, for values in the layers.
    init?(_ probe: OutputProbe, rows: (OutputProbe.Feed) -> [[Float]]?) {
        guard let zeros = rows(.zeros), let varied = rows(.varied(spread: 4)) else { return nil }
        // A threshold above 0.5 keeps no box for zeros.
        guard let constant = zeros.isEmpty ? rows(.constant(1)) : zeros, !constant.isEmpty else { return nil }
        self.zeros = constant
        self.varied = varied
        width = probe.width
        height = probe.height
    }

    /// Whether the boxes are final, of one of `classCount` classes.
    func areFinal(classCount: Int) -> Bool {
        let rows = zeros + varied
        let areClassified = share(of: rows) { row in
            (0...1.001).contains(row[4]) && row[5] == row[5].rounded() && (0..<Float(classCount)).contains(row[5])
        }
        // Without distributions, distances may be negative for various values.
        let areBoxes = share(of: zeros) { $0[0] <= $0[2] + 0.01 && $0[1] <= $0[3] + 0.01 }
        let areScores = varied.contains { $0[4] != $0[4].rounded() }
        let classes = Set(varied.map { $0[5] }).count
        return !varied.isEmpty && areClassified && areBoxes && areScores && (classes > 1 || classCount == 1)
            && areInPixels
    }

    /// Whether the best boxes come first.
    var areSorted: Bool { zip(varied, varied.dropFirst()).allSatisfy { $0[4] >= $1[4] } }

    /// Whether the middles of the boxes are those of cells with the given strides.
    func lieOnCells(of strides: [Int]) -> Bool {
        share(of: zeros) { row in
            let (x, y) = ((row[0] + row[2]) / 2, (row[1] + row[3]) / 2)
            return strides.contains { stride in
                [(x, width), (y, height)].allSatisfy { position, length in
                    let cell = position / Float(stride) - 0.5
                    return (-0.1..<Float(length / stride)).contains(cell) && abs(cell - cell.rounded()) < 0.1
                }
            }
        }
    }

    /// Whether the middles of the boxes are in the picture, and not all in the corner where relative ones would be.
    private var areInPixels: Bool {
        let middles = (zeros + varied).map { (($0[0] + $0[2]) / 2, ($0[1] + $0[3]) / 2) }
        let inside = middles.count { x, y in
            (-0.1...1.1).contains(x / Float(width)) && (-0.1...1.1).contains(y / Float(height))
        }
        return Double(inside) >= 0.5 * Double(middles.count) && middles.contains { $0.0 > 2 && $0.1 > 2 }
    }

    private func share(of rows: [[Float]], which isRight: ([Float]) -> Bool) -> Bool {
        Double(rows.count(where: isRight)) >= Self.neededShare * Double(rows.count)
    }
}
