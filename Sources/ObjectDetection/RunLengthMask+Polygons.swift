/// Number of steps per pixel of the fine grid on which edges are drawn.
private let scale = 5
/// Bound that coordinates are clamped to, in pixels, so that arithmetic on them cannot overflow.
private let farthestCoordinate = 1e8

extension RunLengthMask {
    /// Creates a mask by filling polygons; a pixel is set if any of them covers it.
    ///
    /// The pixels are exactly those that pycocotools sets. Each polygon is filled by the even-odd rule. Time is at most
    /// proportional to the number of corners times the picture's width, wherever the corners lie.
    /// - Parameters:
    ///   - width: Width of the picture in pixels.
    ///   - height: Height of the picture in pixels.
    ///   - polygons: `[x0, y0, x1, y1, …]` each, in pixels, closed implicitly. A polygon with a non-finite coordinate
    ///     covers nothing.
    /// - Precondition: Width and height are not negative, and their product is at most ``maximumPixelCount``.
    /// - SeeAlso: pycocotools 2.0, `frPyObjects` and `merge`.
    package init(width: Int, height: Int, polygons: [[Double]]) {
        guard let pixelCount = Self.pixelCount(width: width, height: height) else {
            preconditionFailure("a picture cannot have \(width) x \(height) pixels")
        }
        var runs: [Range<Int>] = []
        for polygon in polygons {
            let boundary = PolygonBoundary(polygon, width: width, height: height).positions
            // Two crossings at the same position enclose no pixels.
            for start in stride(from: 0, to: boundary.count - 1, by: 2) where boundary[start] < boundary[start + 1] {
                runs.append(boundary[start]..<boundary[start + 1])
            }
        }
        self.init(width: width, height: height, counts: Self.counts(of: runs, pixelCount: pixelCount))
    }

    /// Returns the alternating lengths of background and object runs; the object is the union of `runs`.
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

/// The crossings of a polygon's outline with pixel columns.
private struct PolygonBoundary {
    /// Column-major indices of the pixels before which the inside alternately begins and ends.
    ///
    /// Ascending; the count is even.
    private(set) var positions: [Int] = []

    private let width: Int
    private let height: Int

    init(_ polygon: [Double], width: Int, height: Int) {
        self.width = width
        self.height = height
        guard polygon.allSatisfy(\.isFinite) else { return }
        // Truncates towards zero after adding 0.5, also for negative values, as pycocotools does in C.
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

    /// Adds the positions where an edge crosses the middle of pixel columns.
    ///
    /// An edge consists of the points of the fine grid nearest to it, one for each step along its longer side. It
    /// crosses column c between the points at x = 5c + 2 and 5c + 3; the upper of the two determines the row.
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

    /// Adds the first pixel of a column with a middle that is not above a point of the fine grid.
    private mutating func add(column: Int, y: Int) {
        positions.append(column * height + min(max((y + scale - 3) / scale, 0), height))
    }

    /// Returns the first step in `0...last` that satisfies a condition, or `last` if none does.
    ///
    /// A binary search: if a step satisfies the condition, all later ones must too.
    private func firstStep(upTo last: Int, where condition: (Int) -> Bool) -> Int {
        var (low, high) = (0, last)
        while low < high {
            let middle = (low + high) / 2
            if condition(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
