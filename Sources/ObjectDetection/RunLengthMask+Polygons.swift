/// Edges are drawn on a grid this many times as fine as the pixels.
private let scale = 5
/// Coordinates that are farther out are moved here, so that arithmetic on them cannot overflow.
private let farthestCoordinate = 1e8

extension RunLengthMask {
    /// Fills polygons; a pixel is set that any of them covers.
    ///
    /// The pixels are exactly those that pycocotools sets. Inside one polygon the even-odd rule holds. Time is in
    /// proportion to the number of corners times the picture's width at most, wherever the corners lie.
    /// - Parameters:
    ///   - width: Width of the picture in pixels.
    ///   - height: Height of the picture in pixels.
    ///   - polygons: `[x0, y0, x1, y1, …]` each, in pixels, closed by itself. One that holds a value which is not
    ///     finite covers nothing.
    /// - Precondition: The size is not negative and within ``maximumPixelCount``.
    /// - SeeAlso: pycocotools 2.0, `frPyObjects` and `merge`.
    public init(width: Int, height: Int, polygons: [[Double]]) {
        guard let pixelCount = Self.pixelCount(width: width, height: height) else {
            preconditionFailure("no picture is \(width) x \(height) pixels")
        }
        var runs: [Range<Int>] = []
        for polygon in polygons {
            let boundary = PolygonBoundary(polygon, width: width, height: height).positions
            // A pixel row that is entered and left again at one place begins and ends an empty run there.
            for start in stride(from: 0, to: boundary.count - 1, by: 2) where boundary[start] < boundary[start + 1] {
                runs.append(boundary[start]..<boundary[start + 1])
            }
        }
        self.init(width: width, height: height, counts: Self.counts(of: runs, pixelCount: pixelCount))
    }

    /// The lengths of background and object in turn, where the object is the union of the runs.
    private static func counts(of runs: [Range<Int>], pixelCount: Int) -> [Int] {
        var counts: [Int] = []
        var end = 0
        for run in runs.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if run.lowerBound > end || counts.isEmpty {
                counts.append(run.lowerBound - end)
                counts.append(run.count)
            } else {
                counts[counts.count - 1] += max(run.upperBound - end, 0)
            }
            end = max(end, run.upperBound)
        }
        if end < pixelCount || counts.isEmpty { counts.append(pixelCount - end) }
        return counts
    }
}

/// Where a polygon's outline is crossed on the way down the columns.
private struct PolygonBoundary {
    /// Numbers of the pixels, column by column, before which the inside begins or ends; ascending, an even number.
    private(set) var positions: [Int] = []

    private let width: Int
    private let height: Int

    init(_ polygon: [Double], width: Int, height: Int) {
        self.width = width
        self.height = height
        guard polygon.allSatisfy(\.isFinite) else { return }
        // Rounded towards zero, as C does, on both sides of zero.
        let fine = polygon.map {
            Int(Double(scale) * min(max($0, -farthestCoordinate), farthestCoordinate) + 0.5)
        }
        let cornerCount = fine.count / 2
        for corner in 0..<cornerCount {
            let next = (corner + 1) % cornerCount
            addEdge((fine[2 * corner], fine[2 * corner + 1]), (fine[2 * next], fine[2 * next + 1]))
        }
        positions.sort()
    }

    /// Adds where an edge crosses the middle of pixel columns.
    ///
    /// An edge is the points of the fine grid nearest to it, one for each step along its longer side. Column c is
    /// crossed between the points at 5c + 2 and 5c + 3; the upper of the two tells the row.
    private mutating func addEdge(_ a: (x: Int, y: Int), _ b: (x: Int, y: Int)) {
        let isSteep = abs(a.x - b.x) < abs(a.y - b.y)
        let (start, end) = (isSteep ? a.y <= b.y : a.x <= b.x) ? (a, b) : (b, a)
        let first = max((min(a.x, b.x) + scale - 3) / scale, 0)
        let last = min((max(a.x, b.x) - 3) / scale, width - 1)
        guard max(a.x, b.x) >= 3, first <= last else { return }

        if isSteep {
            let slope = Double(end.x - start.x) / Double(end.y - start.y)
            for column in first...last {
                let middle = scale * column + 2
                let step = firstStep(upTo: end.y - start.y) { step in
                    let x = Int(Double(start.x) + slope * Double(step) + 0.5)
                    return slope > 0 ? x > middle : x <= middle
                }
                add(column: column, y: start.y + step - 1)
            }
        } else {
            let slope = Double(end.y - start.y) / Double(end.x - start.x)
            for column in first...last {
                let step = Double(scale * column + 2 - start.x)
                let y = min(Double(start.y) + slope * step, Double(start.y) + slope * (step + 1))
                add(column: column, y: Int(y + 0.5))
            }
        }
    }

    /// Adds the first pixel whose middle is not above a point of the fine grid.
    private mutating func add(column: Int, y: Int) {
        positions.append(column * height + min(max((y + scale - 3) / scale, 0), height))
    }

    /// The first step that a condition holds for which holds for all later ones, the last one at the latest.
    private func firstStep(upTo last: Int, where condition: (Int) -> Bool) -> Int {
        var (low, high) = (0, last)
        while low < high {
            let middle = (low + high) / 2
            if condition(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
