/// The pixels of one object in a picture.
///
/// Stores a region around the object and, for each of its rows, the columns where the object begins and ends. That is a
/// few kilobytes even for an object that fills a picture of many megapixels.
public struct Mask: Hashable, Sendable {
    /// Width of the picture in pixels.
    public let imageWidth: Int
    /// Height of the picture in pixels.
    public let imageHeight: Int
    /// First column of the region.
    public let x: Int
    /// First row of the region.
    public let y: Int
    /// Width of the region in pixels; may be 0.
    public let width: Int
    /// Height of the region in pixels; may be 0.
    public let height: Int

    /// Columns of the region where the object alternately begins and ends, row by row.
    ///
    /// Ascending within a row; a run that reaches the region's right edge ends at column ``width``.
    let edges: [Int32]
    /// Index in ``edges`` where each row begins, followed by the count of ``edges``; all even.
    let rowStarts: [Int]

    /// Creates a mask from the pixels of a region.
    ///
    /// - Parameters:
    ///   - imageWidth: Width of the picture in pixels.
    ///   - imageHeight: Height of the picture in pixels.
    ///   - x: First column of the region.
    ///   - y: First row of the region.
    ///   - width: Width of the region in pixels.
    ///   - height: Height of the region in pixels.
    ///   - pixels: `[height, width]`; 0 for background, any other value for the object.
    /// - Precondition: The region lies inside the picture, and `pixels` has as many values as the region has pixels.
    public init(imageWidth: Int, imageHeight: Int, x: Int, y: Int, width: Int, height: Int, pixels: [UInt8]) {
        precondition(pixels.count == width * height, "the number of pixels must match the region's size")
        var isObject = [UInt8](repeating: 0, count: width.roundedUpToWords)
        self.init(
            imageWidth: imageWidth,
            imageHeight: imageHeight,
            x: x,
            y: y,
            width: width,
            height: height
        ) { row, edges in
            for column in 0..<width { isObject[column] = pixels[row * width + column] == 0 ? 0 : 1 }
            Self.forEachChange(inRow: isObject.span.bytes) { edges.append(Int32(truncatingIfNeeded: $0)) }
            // A run that reaches the right edge of the region ends there.
            if edges.count & 1 == 1 { edges.append(Int32(truncatingIfNeeded: width)) }
        }
    }

    /// Creates a mask from the columns where its rows change.
    ///
    /// - Parameters:
    ///   - imageWidth: Width of the picture in pixels.
    ///   - imageHeight: Height of the picture in pixels.
    ///   - x: First column of the region.
    ///   - y: First row of the region.
    ///   - width: Width of the region in pixels.
    ///   - height: Height of the region in pixels.
    ///   - appendEdges: Called with the index of each row of the region, from top to bottom; appends the columns where
    ///     the object alternately begins and ends: an even number of values in `0...width`, ascending.
    /// - Precondition: The region lies inside the picture.
    public init(
        imageWidth: Int,
        imageHeight: Int,
        x: Int,
        y: Int,
        width: Int,
        height: Int,
        appendEdges: (_ row: Int, _ edges: inout [Int32]) -> Void
    ) {
        precondition(x >= 0 && y >= 0 && width >= 0 && height >= 0, "position and size must not be negative")
        precondition(x + width <= imageWidth && y + height <= imageHeight, "the region must lie inside the picture")
        precondition(imageWidth < Int32.max && imageHeight < Int32.max, "picture coordinates must fit into 32 bits")
        self.imageWidth = imageWidth
        self.imageHeight = imageHeight
        self.x = x
        self.y = y
        self.width = width
        self.height = height

        var edges: [Int32] = []
        edges.reserveCapacity(2 * height)
        var rowStarts = [0]
        rowStarts.reserveCapacity(height + 1)
        for row in 0..<height {
            appendEdges(row, &edges)
            assert(edges.count & 1 == 0, "a run that begins in a row must end in it")
            rowStarts.append(edges.count)
        }
        self.edges = edges
        self.rowStarts = rowStarts
    }

    /// Takes the rows of another mask, for a picture of another size.
    private init(_ mask: Mask, x: Int, y: Int, imageWidth: Int, imageHeight: Int) {
        precondition(x >= 0 && y >= 0, "position must not be negative")
        precondition(
            x + mask.width <= imageWidth && y + mask.height <= imageHeight,
            "the region must lie inside the picture"
        )
        self.imageWidth = imageWidth
        self.imageHeight = imageHeight
        self.x = x
        self.y = y
        width = mask.width
        height = mask.height
        edges = mask.edges
        rowStarts = mask.rowStarts
    }

    /// Returns the mask of a part of a picture as one of the picture.
    ///
    /// - Parameters:
    ///   - left: First column of the part.
    ///   - top: First row of the part.
    ///   - imageWidth: Width of the picture in pixels.
    ///   - imageHeight: Height of the picture in pixels.
    /// - Returns: The same object, in pixels of the picture.
    /// - Precondition: The part lies inside the picture.
    package func placed(left: Int, top: Int, imageWidth: Int, imageHeight: Int) -> Mask {
        Mask(self, x: left + x, y: top + y, imageWidth: imageWidth, imageHeight: imageHeight)
    }

    /// Returns the pixels of either mask.
    ///
    /// - Precondition: Both are of pictures of the same size.
    package func union(with other: Mask) -> Mask {
        precondition(imageWidth == other.imageWidth && imageHeight == other.imageHeight, "needs the same picture")
        let (left, top) = (min(x, other.x), min(y, other.y))
        let right = max(x + width, other.x + other.width)
        let bottom = max(y + height, other.y + other.height)
        return Mask(
            imageWidth: imageWidth,
            imageHeight: imageHeight,
            x: left,
            y: top,
            width: right - left,
            height: bottom - top
        ) { row, edges in
            let runs = (self.runs(ofRow: top + row, from: left) + other.runs(ofRow: top + row, from: left))
                .sorted { $0.lowerBound < $1.lowerBound }
            let start = edges.count
            for run in runs {
                if edges.count > start, let end = edges.last, run.lowerBound <= end {
                    edges[edges.count - 1] = max(end, run.upperBound)
                } else {
                    edges += [run.lowerBound, run.upperBound]
                }
            }
        }
    }

    /// The object's columns in a row of the picture, counted from `left`.
    private func runs(ofRow row: Int, from left: Int) -> [Range<Int32>] {
        guard (0..<height).contains(row - y) else { return [] }
        let offset = Int32(truncatingIfNeeded: x - left)
        return stride(from: rowStarts[row - y], to: rowStarts[row - y + 1], by: 2).map { edge in
            offset + edges[edge]..<offset + edges[edge + 1]
        }
    }

    /// Calls `body` with each column that differs from the one to its left, in ascending order.
    ///
    /// The first column is compared with background.
    /// - Parameters:
    ///   - row: Bytes of 0 or 1; the count is a multiple of eight, as eight bytes are compared at a time.
    ///   - body: Receives the index of the column.
    package static func forEachChange(inRow row: RawSpan, _ body: (Int) -> Void) {
        var previous: UInt64 = 0
        for offset in stride(from: 0, to: row.byteCount, by: 8) {
            let word = UInt64(littleEndian: row.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
            var changes = word ^ (word << 8 | previous)
            previous = word >> 56
            while changes != 0 {
                body(offset + changes.trailingZeroBitCount / 8)
                changes &= changes &- 1
            }
        }
    }

    /// Pixels of the region, `[height, width]`: 1 for the object, 0 for background; computed on each access.
    public var pixels: [UInt8] {
        var pixels = [UInt8](repeating: 0, count: width * height)
        forEachRun { row, columns in
            for column in columns { pixels[row * width + column] = 1 }
        }
        return pixels
    }

    /// Area of the object, in pixels.
    public var area: Int {
        var area = 0
        forEachRun { area += $1.count }
        return area
    }

    /// Calls `body` with each run of object pixels, as a row and columns of the region, in reading order.
    package func forEachRun(_ body: (_ row: Int, _ columns: Range<Int>) -> Void) {
        for row in 0..<height {
            for edge in stride(from: rowStarts[row], to: rowStarts[row + 1], by: 2) {
                body(row, Int(edges[edge])..<Int(edges[edge + 1]))
            }
        }
    }
}

extension Int {
    /// This number of bytes, rounded up to a multiple of eight.
    package var roundedUpToWords: Int { (self + 7) / 8 * 8 }
}
