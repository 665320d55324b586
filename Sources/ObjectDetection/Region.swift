/// An area with straight edges, such as a zone of a picture.
///
/// A point is inside if a ray from it crosses the outlines an odd number of times (even-odd rule), or if it lies on an
/// outline. An outline inside another one is therefore a hole, as is what a self-crossing outline goes around twice.
package struct Region: Hashable, Sendable {
    /// A corner of an outline.
    package struct Point: Hashable, Sendable {
        package var x: Double
        package var y: Double

        package init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }
    }

    /// Maximum number of heights at which edges cross: the time for an area grows with it.
    package static let maximumCrossings = 200

    /// Closed outlines; the last point of each is connected to its first.
    package private(set) var outlines: [[Point]]
    private var edges: [Edge]
    /// Heights at which edges begin, end or cross each other: between two of them, no edges cross.
    private var levels: [Double]

    /// Makes a region; nil if its outlines cross at more than ``maximumCrossings`` heights.
    ///
    /// The time grows with the square of the number of points.
    ///
    /// - Parameter outlines: At least one, each of at least three points with finite coordinates.
    package init?(outlines: [[Point]]) {
        self.outlines = outlines
        let edges = Self.edges(of: outlines)
        self.edges = edges
        var crossings: Set<Double> = []
        for (index, edge) in edges.enumerated() {
            for other in edges[(index + 1)...] { if let y = edge.crossing(other) { crossings.insert(y) } }
        }
        crossings.subtract(outlines.joined().map(\.y))
        guard crossings.count <= Self.maximumCrossings else { return nil }
        levels = crossings.union(outlines.joined().map(\.y)).sorted()
    }

    /// Returns the region with all coordinates multiplied, and then shifted.
    package func transformed(x: Double, y: Double, left: Double = 0, top: Double = 0) -> Region {
        var copy = self
        for outline in outlines.indices {
            copy.outlines[outline] = outlines[outline].map { Point(x: $0.x * x + left, y: $0.y * y + top) }
        }
        copy.edges = Self.edges(of: copy.outlines)
        copy.levels = levels.map { $0 * y + top }
        return copy
    }

    /// Area of the region.
    package var area: Double {
        let xs = outlines.joined().map(\.x)
        guard let left = xs.min(), let right = xs.max(), let top = levels.first, let bottom = levels.last else {
            return 0
        }
        return area(inside: left, top, right, bottom)
    }

    /// Whether a point is in the region.
    package func contains(x: Double, y: Double) -> Bool {
        var isInside = false
        for edge in edges {
            if edge.contains(x: x, y: y) { return true }
            if (edge.start.y > y) != (edge.end.y > y), x < edge.x(at: y) { isInside.toggle() }
        }
        return isInside
    }

    /// Returns the share of a box's area that is in the region, in `0...1`; 0 for a box without an area.
    package func share(of box: BoundingBox) -> Double {
        let (left, top, right, bottom) = (Double(box.minX), Double(box.minY), Double(box.maxX), Double(box.maxY))
        guard right > left, bottom > top else { return 0 }
        return area(inside: left, top, right, bottom) / ((right - left) * (bottom - top))
    }

    /// Returns the area of the part inside a rectangle: in bands without crossings, it consists of trapezoids.
    private func area(inside left: Double, _ top: Double, _ right: Double, _ bottom: Double) -> Double {
        let edges = edges.filter { min($0.start.y, $0.end.y) < bottom && max($0.start.y, $0.end.y) > top }
        var levels = levels.filter { $0 > top && $0 < bottom } + [top, bottom]
        for edge in edges {
            for x in [left, right] { if let y = edge.y(at: x), y > top, y < bottom { levels.append(y) } }
        }
        levels.sort()
        var area = 0.0
        for (upper, lower) in zip(levels, levels.dropFirst()) where lower > upper {
            let middle = (upper + lower) / 2
            let crossings = edges.filter { ($0.start.y > middle) != ($0.end.y > middle) }
                .map { min(max($0.x(at: middle), left), right) }.sorted()
            for index in stride(from: 1, to: crossings.count, by: 2) {
                area += (crossings[index] - crossings[index - 1]) * (lower - upper)
            }
        }
        return area
    }

    /// Calls `body` with the columns of each row whose centres are in the region.
    ///
    /// - Parameters:
    ///   - width: Number of columns.
    ///   - height: Number of rows.
    ///   - body: Receives a row and a part of it, not empty.
    package func forEachRun(width: Int, height: Int, _ body: (_ row: Int, _ columns: Range<Int>) -> Void) {
        guard let top = levels.first, let bottom = levels.last else { return }
        let first = Int(min(max(0, top.rounded(.down)), Double(height)))
        let last = Int(min(max(0, bottom.rounded(.up)), Double(height)))
        for row in first..<max(first, last) {
            let y = Double(row) + 0.5
            let columns = edges.filter { ($0.start.y > y) != ($0.end.y > y) }.map { $0.x(at: y) }.sorted()
                // A pixel is in the region if its centre is.
                .map { Int(min(max(0, ($0 - 0.5).rounded(.up)), Double(width))) }
            for index in stride(from: 1, to: columns.count, by: 2) where columns[index - 1] < columns[index] {
                body(row, columns[index - 1]..<columns[index])
            }
        }
    }

    private struct Edge: Hashable {
        var start: Point
        var end: Point

        /// The position of the edge's line at a height; the edge must not be horizontal.
        func x(at y: Double) -> Double { start.x + (y - start.y) / (end.y - start.y) * (end.x - start.x) }

        /// The height at which the edge crosses a vertical line; nil if it does not.
        func y(at x: Double) -> Double? {
            guard (start.x > x) != (end.x > x) else { return nil }
            return start.y + (x - start.x) / (end.x - start.x) * (end.y - start.y)
        }

        func contains(x: Double, y: Double) -> Bool {
            (end.x - start.x) * (y - start.y) == (end.y - start.y) * (x - start.x)
                && (min(start.x, end.x)...max(start.x, end.x)).contains(x)
                && (min(start.y, end.y)...max(start.y, end.y)).contains(y)
        }

        /// The height at which two edges cross; nil if they do not, or are parallel.
        func crossing(_ other: Edge) -> Double? {
            let (dx, dy) = (end.x - start.x, end.y - start.y)
            let (otherDX, otherDY) = (other.end.x - other.start.x, other.end.y - other.start.y)
            let determinant = dx * otherDY - dy * otherDX
            guard determinant != 0 else { return nil }
            let (x, y) = (other.start.x - start.x, other.start.y - start.y)
            let position = (x * otherDY - y * otherDX) / determinant
            let otherPosition = (x * dy - y * dx) / determinant
            guard (0...1).contains(position), (0...1).contains(otherPosition) else { return nil }
            return start.y + position * dy
        }
    }

    private static func edges(of outlines: [[Point]]) -> [Edge] {
        outlines.flatMap { outline in
            zip(outline, outline.dropFirst() + outline.prefix(1)).map { Edge(start: $0, end: $1) }
        }
    }
}
