/// Outlines of a mask's parts and holes, traced along pixel edges.
///
/// Parts are 4-connected: pixels that touch only at a corner are separate, so that no outline crosses itself. Outlines
/// run clockwise around parts and counterclockwise around holes, with the object on the right. They are found in the
/// order of their topmost (of these, leftmost) pixels. Time and memory are proportional to the length of the outlines.
struct BoundaryLoops {
    /// A corner of an outline, in pixels relative to the mask's region.
    struct Vertex {
        var x: Int32
        var y: Int32
    }

    /// One outline.
    struct Loop {
        /// Indices of its corners in ``BoundaryLoops/vertices``.
        var vertices: Range<Int>
        /// Index of the top-left corner of its topmost (of these, leftmost) pixel.
        var anchor: Int
        /// For a hole, the far end of the cut that joins it to another outline; nil for a part.
        var cut: Vertex?
        /// Index of the next hole upwards with a cut that ends on the same side of the same outline; -1 if none.
        var nextHole = -1
    }

    /// Corners of all outlines.
    private(set) var vertices: [Vertex] = []
    /// Parts and holes; a hole comes after the outline that it is joined to.
    private(set) var loops: [Loop] = []
    /// For each corner, the lowest hole with a cut that ends on the side leading to it; -1 if none.
    private(set) var firstHole: [Int] = []

    init(_ mask: Mask) {
        let successors = Self.successors(in: mask)
        /// Index of the corner that each edge leads to; -1 for edges not yet traced.
        var corners = [Int32](repeating: -1, count: mask.edges.count)
        for row in 0..<mask.height {
            for edge in mask.rowStarts[row]..<mask.rowStarts[row + 1] where corners[edge] < 0 {
                let isHole = edge.isRightEdge
                let first = vertices.count
                // A part starts with the right edge of the run that begins here, a hole with its own left edge.
                trace(from: isHole ? edge : edge + 1, row: row, in: mask, successors: successors, corners: &corners)

                var loop = Loop(vertices: first..<vertices.count, anchor: vertices.count - (isHole ? 1 : 2))
                if isHole {
                    // The run that ends at the hole's top-left pixel begins at an outline that is already traced.
                    let corner = Int(corners[edge - 1])
                    loop.cut = Vertex(x: mask.edges[edge - 1], y: Int32(truncatingIfNeeded: row))
                    loop.nextHole = firstHole[corner]
                    firstHole[corner] = loops.count
                }
                loops.append(loop)
            }
        }
    }

    /// Traces one outline.
    ///
    /// - Parameters:
    ///   - first: Right edge at the top of the outline, where tracing starts.
    ///   - row: Row of `first`.
    ///   - mask: Mask to trace.
    ///   - successors: For each edge, the next edge of its outline.
    ///   - corners: Receives, for each edge of the outline, the index of the corner that it leads to.
    private mutating func trace(
        from first: Int,
        row: Int,
        in mask: Mask,
        successors: [Int32],
        corners: inout [Int32]
    ) {
        var edge = first
        var row = row
        repeat {
            corners[edge] = Int32(truncatingIfNeeded: vertices.count)
            let successor = Int(successors[edge])
            let line = edge.isRightEdge ? row + 1 : row
            let (x, nextX) = (mask.edges[edge], mask.edges[successor])
            if x != nextX {
                vertices.append(Vertex(x: x, y: Int32(truncatingIfNeeded: line)))
                vertices.append(Vertex(x: nextX, y: Int32(truncatingIfNeeded: line)))
                firstHole.append(-1)
                firstHole.append(-1)
            }
            edge = successor
            row = successor.isRightEdge ? line : line - 1
        } while edge != first
    }

    /// Returns, for each vertical edge, the next vertical edge of its outline.
    ///
    /// Right edges are traced downwards, left edges upwards. Between two rows, columns set in only one of them are
    /// bounded by a horizontal side that joins two vertical edges.
    private static func successors(in mask: Mask) -> [Int32] {
        let edges = mask.edges
        var successors = [Int32](repeating: -1, count: edges.count)
        for line in 0..<(mask.height > 0 ? mask.height + 1 : 0) {
            var upper = line > 0 ? mask.rowStarts[line - 1] : 0
            var lower = mask.rowStarts[line]
            let upperEnd = lower
            let lowerEnd = line < mask.height ? mask.rowStarts[line + 1] : lower

            func join(_ edge: Int, to successor: Int) {
                successors[edge] = Int32(truncatingIfNeeded: successor)
            }
            /// Edge where the current horizontal side begins; nil while the two rows are equal.
            var start: Int?
            func meet(_ edge: Int) {
                guard let left = start else { return start = edge }
                // Sides run to the right above the object and to the left below it.
                let isBelowObject = (left < upperEnd) != left.isRightEdge
                if isBelowObject { join(edge, to: left) } else { join(left, to: edge) }
                start = nil
            }

            while upper < upperEnd || lower < lowerEnd {
                let upperColumn = upper < upperEnd ? edges[upper] : .max
                let lowerColumn = lower < lowerEnd ? edges[lower] : .max
                if upperColumn < lowerColumn {
                    meet(upper)
                    upper += 1
                } else if lowerColumn < upperColumn {
                    meet(lower)
                    lower += 1
                } else {
                    if start == nil {
                        if upper.isRightEdge { join(upper, to: lower) } else { join(lower, to: upper) }
                    } else if upper.isRightEdge {
                        // Two pixels touch at a corner: keep their outlines separate.
                        meet(upper)
                        meet(lower)
                    } else {
                        meet(lower)
                        meet(upper)
                    }
                    upper += 1
                    lower += 1
                }
            }
        }
        return successors
    }
}

extension Int {
    /// Whether the edge with this index is a right edge: left and right edges alternate in each row.
    fileprivate var isRightEdge: Bool { self & 1 == 1 }
}
