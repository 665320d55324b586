/// The outlines of a mask's parts and holes, traced along the edges of pixels.
///
/// Parts are connected through the edges of their pixels, not through corners, so that no outline crosses itself.
/// Outlines run clockwise around parts and counterclockwise around holes: the object is on the right hand. They are
/// found in the order of their topmost, among these leftmost, pixels. Takes time and memory in proportion to the length
/// of the outlines.
struct BoundaryLoops {
    /// A corner of an outline, in pixels of the mask's region.
    struct Vertex {
        var x: Int32
        var y: Int32
    }

    /// One outline.
    struct Loop {
        /// Its corners in ``BoundaryLoops/vertices``.
        var vertices: Range<Int>
        /// The corner at the top left of its topmost, among these leftmost, pixel.
        var anchor: Int
        /// For a hole, the other end of the cut that joins it to its part; nil for a part.
        var cut: Vertex?
        /// The next hole, upwards, whose cut ends on the same side of the same outline; -1 after the last.
        var nextHole = -1
    }

    /// The corners of all outlines.
    private(set) var vertices: [Vertex] = []
    /// Parts and holes; a hole comes after the outline that it is joined to.
    private(set) var loops: [Loop] = []
    /// For each corner, the lowest hole whose cut ends on the side that leads there; -1 where there is none.
    private(set) var firstHole: [Int] = []

    init(_ mask: Mask) {
        let successors = Self.successors(in: mask)
        /// The corner that each edge leads to; -1 for an edge that is on no outline yet.
        var corners = [Int32](repeating: -1, count: mask.edges.count)
        for row in 0..<mask.height {
            for edge in mask.rowStarts[row]..<mask.rowStarts[row + 1] where corners[edge] < 0 {
                let isHole = edge.isRightEdge
                let first = vertices.count
                // A part begins down the right side of the run that starts here, a hole down its own left side.
                trace(from: isHole ? edge : edge + 1, row: row, in: mask, successors: successors, corners: &corners)

                var loop = Loop(vertices: first..<vertices.count, anchor: vertices.count - (isHole ? 1 : 2))
                if isHole {
                    // The run that ends at the hole's top left pixel begins at an outline that was found before.
                    let corner = Int(corners[edge - 1])
                    loop.cut = Vertex(x: mask.edges[edge - 1], y: Int32(truncatingIfNeeded: row))
                    loop.nextHole = firstHole[corner]
                    firstHole[corner] = loops.count
                }
                loops.append(loop)
            }
        }
    }

    /// Follows one outline.
    ///
    /// - Parameters:
    ///   - first: A right edge at the top of the outline, the first to be followed.
    ///   - row: The row that it is in.
    ///   - mask: The mask.
    ///   - successors: The edge that follows each edge.
    ///   - corners: Receives for each edge of the outline the index of the corner that it leads to.
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

    /// For each vertical edge the one that follows it on its outline.
    ///
    /// Right edges are followed downwards, left edges upwards. Where two rows meet, what is in one of them alone is
    /// bounded there by a side from one edge to another.
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
            /// Where the side that is being followed begins; nil while the two rows are the same.
            var start: Int?
            func meet(_ edge: Int) {
                guard let left = start else { return start = edge }
                // Above the object sides lead to the right, below it to the left.
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
                        // Two pixels touch at their corners: each outline stays with its own.
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
    /// Whether the object is left of an edge: each row has left and right edges in turns.
    fileprivate var isRightEdge: Bool { self & 1 == 1 }
}
