import ObjectDetection

/// Which figure is visible at each pixel; later figures hide earlier ones.
struct Coverage {
    private struct Entry {
        let placed: PlacedFigure
        /// Number of its visible pixels.
        var visibleArea = 0
    }

    /// Minimum side of a figure's visible bounds in pixels.
    private static let shortestSide = 8

    private let width: Int
    private let height: Int
    /// Number, from 1, of the figure visible at each pixel, `[height, width]`; 0 for the background.
    private var owners: [UInt8]
    private var entries: [Entry] = []

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        owners = [UInt8](repeating: 0, count: width * height)
    }

    /// Number of figures.
    var count: Int { entries.count }

    /// Returns the number, from 1, of the figure visible at a pixel, or 0 for the background.
    func owner(x: Int, y: Int) -> Int {
        Int(owners[y * width + x])
    }

    /// Adds a figure in front of the others, unless too little of any figure would stay visible.
    ///
    /// - Returns: Whether the figure was added.
    mutating func add(_ placed: PlacedFigure) -> Bool {
        var next = self
        next.entries.append(Entry(placed: placed))
        let number = next.entries.count
        placed.stencil.forEachPixel { x, y in
            let hidden = owner(x: x, y: y)
            if hidden > 0 { next.entries[hidden - 1].visibleArea -= 1 }
            next.entries[number - 1].visibleArea += 1
            next.owners[y * width + x] = UInt8(number)
        }
        let areAllSeen = next.entries.enumerated().allSatisfy { index, entry in
            guard Double(entry.visibleArea) >= entry.placed.leastVisibleArea else { return false }
            let (columns, rows) = next.visibleBounds(of: index)
            return min(columns.count, rows.count) >= Self.shortestSide
        }
        if areAllSeen { self = next }
        return areAllSeen
    }

    /// The objects from back to front, with masks of their visible pixels.
    var objects: [SceneObject] {
        entries.enumerated().compactMap { index, entry in
            entry.placed.kind.map { SceneObject(kind: $0, mask: visibleMask(of: index)) }
        }
    }

    private func visibleMask(of index: Int) -> Mask {
        let (columns, rows) = visibleBounds(of: index)
        return Mask(
            imageWidth: width,
            imageHeight: height,
            x: columns.lowerBound,
            y: rows.lowerBound,
            width: columns.count,
            height: rows.count,
            pixels: rows.flatMap { y in columns.map { x in owner(x: x, y: y) == index + 1 ? 1 : 0 } }
        )
    }

    private func visibleBounds(of index: Int) -> (columns: Range<Int>, rows: Range<Int>) {
        var (minX, minY, maxX, maxY) = (width, height, -1, -1)
        entries[index].placed.stencil.forEachPixel { x, y in
            guard owner(x: x, y: y) == index + 1 else { return }
            (minX, minY, maxX, maxY) = (min(minX, x), min(minY, y), max(maxX, x), max(maxY, y))
        }
        return maxX < 0 ? (0..<0, 0..<0) : (minX..<(maxX + 1), minY..<(maxY + 1))
    }
}
