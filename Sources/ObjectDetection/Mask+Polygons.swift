extension Mask {
    /// Returns the object's outlines, one polygon for each of its parts.
    ///
    /// Vertices are pixel corners in picture coordinates, clockwise from the topmost (of these, leftmost): the
    /// single pixel (3, 4) yields `[3, 4, 4, 4, 4, 5, 3, 5]`. Pixels that touch only at a corner are different parts. A
    /// hole is joined to its part by a horizontal cut of zero width, traversed in both directions. Filling each exact
    /// polygon by the even-odd or the winding rule, sampled at pixel centres, reproduces the mask.
    /// - Parameter tolerance: Maximum distance in pixels between the simplified and the exact outline (Douglas-Peucker,
    ///   before holes are joined); 0 keeps the exact outline. Parts and holes that vanish are omitted.
    /// - Returns: `[x0, y0, x1, y1, …]` for each part, in reading order of their first vertices.
    package func polygons(tolerance: Double = 0) -> [[Double]] {
        let boundary = BoundaryLoops(self)
        var points: [OutlinePoint] = []
        points.reserveCapacity(boundary.vertices.count)
        var outlines = [Range<Int>](repeating: 0..<0, count: boundary.loops.count)
        // Process holes before the outlines that they are joined to: these need to know which holes remain.
        for index in boundary.loops.indices.reversed() {
            let start = points.count
            boundary.appendPoints(of: boundary.loops[index], to: &points) { !outlines[$0].isEmpty }
            if tolerance > 0 {
                points.simplifyOutline(from: start, tolerance: tolerance)
                let hasHoles = points[start...].contains { $0.hole != nil }
                if points.count - start < 3 && !hasHoles { points.removeSubrange(start...) }
            }
            outlines[index] = start..<points.count
        }
        return boundary.loops.indices
            .filter { boundary.loops[$0].cut == nil && !outlines[$0].isEmpty }
            .map { polygon(around: $0, points: points, outlines: outlines) }
    }

    /// Returns an outline, with the outlines of its holes inserted where their cuts begin.
    private func polygon(around part: Int, points: [OutlinePoint], outlines: [Range<Int>]) -> [Double] {
        var polygon: [Double] = []
        polygon.reserveCapacity(2 * outlines[part].count)
        func append(_ point: OutlinePoint) {
            polygon.append(Double(x + Int(point.x)))
            polygon.append(Double(y + Int(point.y)))
        }
        // Holes may be joined to holes in chains of thousands, too deep for recursion.
        var path = [(outline: part, next: outlines[part].lowerBound)]
        while let (outline, next) = path.popLast() {
            if next < outlines[outline].upperBound {
                append(points[next])
                path.append((outline, next + 1))
                if let hole = points[next].hole { path.append((Int(hole), outlines[Int(hole)].lowerBound)) }
            } else if let parent = path.last {
                append(points[outlines[outline].lowerBound])
                append(points[parent.next - 1])
            }
        }
        return polygon
    }
}

/// A point of an outline, in pixels relative to the mask's region.
struct OutlinePoint {
    var x: Int32
    var y: Int32
    /// Index of the hole with a cut that begins here.
    var hole: Int32?
}

extension BoundaryLoops {
    /// Appends the points of an outline, starting at its anchor: its corners and the starts of cuts to its holes.
    ///
    /// - Parameters:
    ///   - loop: Outline to append.
    ///   - points: Receives the points.
    ///   - isKept: Returns whether to keep the hole with the given index.
    fileprivate func appendPoints(of loop: Loop, to points: inout [OutlinePoint], isKept: (Int) -> Bool) {
        func appendHoles(before corner: Int) {
            var hole = firstHole[corner]
            while hole >= 0 {
                if let cut = loops[hole].cut, isKept(hole) {
                    points.append(OutlinePoint(x: cut.x, y: cut.y, hole: Int32(truncatingIfNeeded: hole)))
                }
                hole = loops[hole].nextHole
            }
        }
        func append(_ corner: Int) {
            let vertex = vertices[corner]
            // The topmost cut may begin at the corner itself.
            if let last = points.last, last.hole != nil, last.x == vertex.x, last.y == vertex.y { return }
            points.append(OutlinePoint(x: vertex.x, y: vertex.y))
        }
        points.append(OutlinePoint(x: vertices[loop.anchor].x, y: vertices[loop.anchor].y))
        for corner in loop.anchor + 1..<loop.vertices.upperBound {
            appendHoles(before: corner)
            append(corner)
        }
        for corner in loop.vertices.lowerBound..<loop.anchor {
            appendHoles(before: corner)
            append(corner)
        }
        appendHoles(before: loop.anchor)
    }
}
