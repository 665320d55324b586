internal import Inference

/// Determines whether an export returns final boxes, `[1, boxes, 6 + coefficients]`: left, top, right and bottom edge in
/// pixels, score and class.
///
/// Other networks have outputs of this shape, too. So the network is entered after its last convolutions on feature maps,
/// as by ``WholeProbe``: on zeros, where boxes must lie around the middles of cells, and on various values, where the
/// best boxes come first.
struct FinalProbe {
    /// Share of boxes that must be as they should be.
    private static let neededShare = 0.95

    private let zeros: [[Float]]
    private let varied: [[Float]]
    private let width: Int
    private let height: Int
    private let strides: [Int]

    /// Probes a network; nil if its boxes do not come from feature maps, or depend on something else as well.
    ///
    /// - Parameters:
    ///   - model: Network with a fixed input size.
    ///   - valuesPerBox: Size of the last axis of its first output.
    init?(_ model: Model, valuesPerBox: Int) {
        guard let input = model.inputs.first ?? nil, let height = input[2], let width = input[3] else { return nil }
        guard
            let (strides, zeros, varied) = WholeProbe.responses(of: model, model.graph(), height: height, width: width)
        else { return nil }
        func rows(of output: [Float]) -> [[Float]] {
            stride(from: 0, to: output.count, by: valuesPerBox).map { Array(output[$0..<$0 + valuesPerBox]) }
        }
        self.zeros = rows(of: zeros)
        self.varied = rows(of: varied)
        self.width = width
        self.height = height
        self.strides = strides
    }

    /// Whether the boxes are final, of one of `classCount` classes.
    func areFinal(classCount: Int) -> Bool {
        let rows = zeros + varied
        let areClassified = share(of: rows) { row in
            (0...1.001).contains(row[4]) && row[5] == row[5].rounded() && (0..<Float(classCount)).contains(row[5])
        }
        // Without distributions, distances may be negative for various values.
        let areBoxes = share(of: zeros) { $0[0] <= $0[2] + 0.01 && $0[1] <= $0[3] + 0.01 }
        let areSorted = zip(varied, varied.dropFirst()).allSatisfy { $0[4] >= $1[4] }
        let classes = Set(varied.map { $0[5] }).count
        return areClassified && areBoxes && areSorted && (classes > 1 || classCount == 1)
            && share(of: zeros, which: liesOnCell)
    }

    private func share(of rows: [[Float]], which isRight: ([Float]) -> Bool) -> Bool {
        Double(rows.count(where: isRight)) >= Self.neededShare * Double(rows.count)
    }

    /// Whether the middle of a box is that of a cell.
    private func liesOnCell(_ row: [Float]) -> Bool {
        let (x, y) = ((row[0] + row[2]) / 2, (row[1] + row[3]) / 2)
        return strides.contains { stride in
            [(x, width), (y, height)].allSatisfy { position, length in
                let cell = position / Float(stride) - 0.5
                return (-0.1..<Float(length / stride)).contains(cell) && abs(cell - cell.rounded()) < 0.1
            }
        }
    }
}
