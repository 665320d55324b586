internal import DetectionPipeline
internal import JSONSchema
package import ObjectDetection

/// A line whose crossings are counted.
package struct CountingLine: Sendable {
    /// Which way an object crosses: `in` to the right of someone who looks from the line's start to its end.
    package enum Direction: String, CaseIterable, Sendable {
        case `in`
        case out
    }

    package var name: String
    package var start: Region.Point
    package var end: Region.Point

    package init(name: String, start: Region.Point, end: Region.Point) {
        (self.name, self.start, self.end) = (name, start, end)
    }

    static let schema = Schema.dictionary(
        of: .array(of: .array(of: .number(-100_000...100_000), count: 2...2), count: 2...2),
        count: 0...16
    )

    /// Reads lines that were validated against ``schema``: their start and end in pixels, or as shares of the picture.
    static func lines(_ values: Values, width: Int, height: Int) -> [CountingLine] {
        values.all.sorted { $0.key < $1.key }.compactMap { name, value in
            guard case .array(let ends) = value else { return nil }
            let points = ends.compactMap { Region.Point($0) }
            guard points.count == 2 else { return nil }
            let (scaleX, scaleY) = Region.Point.areShares(points) ? (Double(width), Double(height)) : (1, 1)
            let scaled = points.map { Region.Point(x: $0.x * scaleX, y: $0.y * scaleY) }
            return CountingLine(name: name, start: scaled[0], end: scaled[1])
        }
    }

    /// On which side of the line a point is; nil on it.
    func side(of point: Region.Point) -> Direction? {
        let product = (end.x - start.x) * (point.y - start.y) - (end.y - start.y) * (point.x - start.x)
        return product == 0 ? nil : product > 0 ? .in : .out
    }

    /// Whether the way from one point to another, on different sides, is through the line and not past its ends.
    func isCrossed(from one: Region.Point, to other: Region.Point) -> Bool {
        let way = CountingLine(name: "", start: one, end: other)
        return way.side(of: start) != way.side(of: end)
    }
}

/// What is known of an object and a line.
struct LineMemory {
    private var side: CountingLine.Direction?
    private var lastPoint: Region.Point?
    /// Whether it was on the other side in the last picture.
    private var isCrossing = false

    /// Looks where the object is now.
    ///
    /// - Returns: How it has crossed the line, if it is beyond it in the second picture.
    mutating func look(_ line: CountingLine, at point: Region.Point) -> CountingLine.Direction? {
        defer { lastPoint = point }
        guard let now = line.side(of: point) else { return nil }
        guard let side, let lastPoint else {
            side = now
            return nil
        }
        guard now != side else {
            isCrossing = false
            return nil
        }
        if isCrossing {
            isCrossing = false
            self.side = now
            return now
        }
        if line.isCrossed(from: lastPoint, to: point) { isCrossing = true } else { self.side = now }
        return nil
    }
}
