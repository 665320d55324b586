internal import Inference

/// Determines how an export that runs whole decodes one or more boxes for each cell of its feature maps.
///
/// Each cell gets the same values: boxes in pixels of neighbouring cells are then exactly one stride apart.
struct CellProbe {
    /// How an export states its boxes.
    struct Finding {
        var form: BoxForm
        /// Whether they are decoded as YOLOX does: for zeros, the centre is the corner of the cell, and the sides are its
        /// stride.
        var isYOLOX = false
        /// Whether each box is certainly one of an object, as in YOLOv6's exports, which have no objectness.
        var isCertain = false
    }

    /// Most that a box's centre may be from its cell, in cells; YOLO's own heads reach up to 8.
    private static let maximumOffset: Float = 9
    /// Share of boxes that must be finite and where they should be.
    private static let neededShare = 0.95
    /// Maximum number of boxes; 4,096 x 4,096 pixels have fewer.
    private static let maximumBoxCount = 1 << 20
    /// Values with which no box may have a score outside 0...1.
    private static let extreme = OutputProbe.Feed.varied(spread: 20)

    private let form: BoxForm
    private let width: Int
    private let height: Int
    private let strides: [Int]
    /// Deviation from the exact position in pixels.
    private let tolerance: Float
    /// Boxes for zeros: `[boxes, valuesPerBox]`.
    private let zeros: [Float]
    /// The same for values between -20 and 20.
    private let extremes: [Float]
    private let valuesPerBox: Int

    /// Probes a network; nil if its boxes do not come from feature maps, or depend on something else as well.
    ///
    /// - Parameters:
    ///   - probe: Probe of the network.
    ///   - form: Where boxes and scores are in its outputs.
    init?(_ probe: OutputProbe, _ form: BoxForm) {
        strides = probe.strides(of: form.boxes)
        guard let finest = strides.first, let zeros = probe.table(form, .zeros),
            let extremes = probe.table(form, Self.extreme)
        else { return nil }
        self.form = form
        self.zeros = zeros
        self.extremes = extremes
        width = probe.width
        height = probe.height
        valuesPerBox = form.valuesPerBox
        // Half precision has a relative error of 1/2000; quantised networks round positions to 8 bit.
        tolerance = 0.05 * Float(finest) + (probe.isQuantized ? 2 * Float(max(width, height)) / 255 : 0)
    }

    /// How the boxes are stated; nil if they do not follow cells.
    var finding: Finding? {
        var form = form
        guard areIndependent else { return nil }
        for order in orders {
            for isRelative in [false, true] {
                let (across, down) = isRelative ? (Float(width), Float(height)) : (1, 1)
                guard follow(order, 0, scale: across), follow(order, 1, scale: down) else { continue }
                form.isRelative = isRelative
                form.areLogits = !areProbabilities
                let areCorners = follow(order, 2, scale: across) && follow(order, 3, scale: down)
                form.coordinates = areCorners ? .corners : .centers
                return Finding(
                    form: form,
                    isYOLOX: !isRelative && form.hasObjectness && isYOLOX(order),
                    isCertain: form.hasObjectness && isCertain
                )
            }
        }
        guard form.hasObjectness, let order = orders.first, areOffsets(order) else { return nil }
        form.coordinates = .offsets(order.map { BoxForm.Cell(column: $0.column, row: $0.row, stride: $0.stride) })
        form.areLogits = !areProbabilities
        return Finding(form: form, isYOLOX: true)
    }

    private var boxCount: Int { zeros.count / valuesPerBox }

    /// Position of a box's cell.
    private struct Cell {
        var stride: Int
        var column: Int
        var row: Int
        /// Distinguishes the boxes of one cell.
        var anchor: Int
    }

    /// The cells of all boxes, in each order in which exports write them: from the finest or the coarsest feature map,
    /// and by anchor or by cell.
    private var orders: [[Cell]] {
        let cellCount = strides.reduce(0) { $0 + (width / $1) * (height / $1) }
        guard cellCount > 0, boxCount.isMultiple(of: cellCount), boxCount <= Self.maximumBoxCount else { return [] }
        let anchors = boxCount / cellCount
        guard (1...16).contains(anchors) else { return [] }
        return [strides, strides.reversed()].flatMap { strides in
            let byAnchor = strides.flatMap { stride in
                (0..<anchors).flatMap { cells(of: stride, anchors: $0...$0) }
            }
            guard anchors > 1 else { return [byAnchor] }
            return [byAnchor, strides.flatMap { cells(of: $0, anchors: 0...anchors - 1) }]
        }
    }

    private func cells(of stride: Int, anchors: ClosedRange<Int>) -> [Cell] {
        (0..<height / stride).flatMap { row in
            (0..<width / stride).flatMap { column in
                anchors.map { Cell(stride: stride, column: column, row: row, anchor: $0) }
            }
        }
    }

    /// Whether a value of each box, in pixels divided by `scale`, is at the same place relative to its cell.
    private func follow(_ order: [Cell], _ value: Int, scale: Float) -> Bool {
        struct Kind: Hashable {
            var stride: Int
            var anchor: Int
        }
        var offsets: [Kind: Float] = [:]
        var matches = 0
        for (box, cell) in order.enumerated() {
            let position = zeros[box * valuesPerBox + value] * scale / Float(cell.stride)
            let offset = position - Float(value.isMultiple(of: 2) ? cell.column : cell.row)
            guard offset.isFinite else { continue }
            let kind = Kind(stride: cell.stride, anchor: cell.anchor)
            let expected = offsets[kind] ?? offset
            offsets[kind] = expected
            let isThere = abs(offset - expected) * Float(cell.stride) <= tolerance
            if isThere, abs(offset) <= Self.maximumOffset { matches += 1 }
        }
        return Double(matches) >= Self.neededShare * Double(order.count)
    }

    /// Whether each class has the score of a sigmoid, 0.5, or the logit 0, for zeros.
    ///
    /// A softmax depends on the number of classes; scores in percent are 50.
    private var areIndependent: Bool {
        let first = valuesPerBox - form.maskCoefficientCount - form.classCount
        let middle: Float = areProbabilities ? 0.5 : 0
        let matches = (0..<boxCount).count { box in
            (first..<first + form.classCount).allSatisfy { abs(zeros[box * valuesPerBox + $0] - middle) < 0.02 }
        }
        return Double(matches) >= Self.neededShare * Double(boxCount)
    }

    private var areProbabilities: Bool {
        let last = valuesPerBox - form.maskCoefficientCount
        return [zeros, extremes].allSatisfy { values in
            let inside = (0..<boxCount).count { box in
                (4..<last).allSatisfy { (-0.001...1.001).contains(values[box * valuesPerBox + $0]) }
            }
            return Double(inside) >= Self.neededShare * Double(boxCount)
        }
    }

    private var isCertain: Bool {
        [zeros, extremes].allSatisfy { values in (0..<boxCount).allSatisfy { values[$0 * valuesPerBox + 4] == 1 } }
    }

    private func isYOLOX(_ order: [Cell]) -> Bool {
        order.enumerated().allSatisfy { box, cell in
            let stride = Float(cell.stride)
            let expected = [Float(cell.column) * stride, Float(cell.row) * stride, stride, stride]
            return (0..<4).allSatisfy { abs(zeros[box * valuesPerBox + $0] - expected[$0]) < 0.01 * stride }
        }
    }

    /// Whether the coordinates of each box are the values of its cell's first four channels.
    private func areOffsets(_ order: [Cell]) -> Bool {
        guard order.count == boxCount else { return false }
        let matches = order.enumerated().count { box, cell in
            let columns = width / cell.stride
            let plane = columns * (height / cell.stride)
            return (0..<4).allSatisfy { value in
                let index = value * plane + cell.row * columns + cell.column
                let expected = Self.extreme.value(at: index)
                return abs(extremes[box * valuesPerBox + value] - expected) < 0.05
                    && zeros[box * valuesPerBox + value] == 0
            }
        }
        return Double(matches) >= Self.neededShare * Double(boxCount)
    }
}
