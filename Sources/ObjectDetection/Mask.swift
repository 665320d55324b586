/// The pixels of one object in a picture.
///
/// Knows a region around the object and keeps where the object begins and ends in each of its rows: some kilobytes
/// also for an object that fills a picture of many megapixels.
public struct Mask: Hashable, Sendable {
    /// Width of the picture in pixels.
    public let imageWidth: Int
    /// Height of the picture in pixels.
    public let imageHeight: Int
    /// The region's first column.
    public let x: Int
    /// The region's first row.
    public let y: Int
    /// Width of the region in pixels; may be 0.
    public let width: Int
    /// Height of the region in pixels; may be 0.
    public let height: Int

    /// Columns of the region where rows change, row after row: where the object begins, where it ends, and so on.
    ///
    /// Rising within a row; an object that reaches the region's right end ends at column ``width``.
    let edges: [Int32]
    /// Where each row begins in ``edges``, and after the last row its count; even numbers.
    let rowStarts: [Int]

    /// Makes a mask from the pixels of a region.
    ///
    /// - Parameters:
    ///   - imageWidth: Width of the picture in pixels.
    ///   - imageHeight: Height of the picture in pixels.
    ///   - x: The region's first column.
    ///   - y: The region's first row.
    ///   - width: Width of the region, which lies inside the picture.
    ///   - height: Height of the region, which lies inside the picture.
    ///   - pixels: `[height, width]`; 0 where a pixel is not the object's.
    public init(imageWidth: Int, imageHeight: Int, x: Int, y: Int, width: Int, height: Int, pixels: [UInt8]) {
        precondition(pixels.count == width * height, "as many pixels as the region has")
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
            // What reaches the right end of the region ends there.
            if edges.count & 1 == 1 { edges.append(Int32(truncatingIfNeeded: width)) }
        }
    }

    /// Makes a mask from the places where its rows change.
    ///
    /// - Parameters:
    ///   - imageWidth: Width of the picture in pixels.
    ///   - imageHeight: Height of the picture in pixels.
    ///   - x: The region's first column.
    ///   - y: The region's first row.
    ///   - width: Width of the region, which lies inside the picture.
    ///   - height: Height of the region, which lies inside the picture.
    ///   - appendEdges: Called for each row of the region, downwards, with its index; appends the columns in `0...width`
    ///     where the object begins, ends, begins again, and so on, rising, an even number of them.
    package init(
        imageWidth: Int,
        imageHeight: Int,
        x: Int,
        y: Int,
        width: Int,
        height: Int,
        appendEdges: (_ row: Int, _ edges: inout [Int32]) -> Void
    ) {
        precondition(x >= 0 && y >= 0 && width >= 0 && height >= 0, "a region has a place and a size")
        precondition(x + width <= imageWidth && y + height <= imageHeight, "the region lies inside the picture")
        precondition(imageWidth < Int32.max && imageHeight < Int32.max, "places in the picture fit into 32 bits")
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
            assert(edges.count & 1 == 0, "what begins in a row ends in it")
            rowStarts.append(edges.count)
        }
        self.edges = edges
        self.rowStarts = rowStarts
    }

    /// Calls `body` with the columns that differ from those to their left, rising; left of the row is background.
    ///
    /// - Parameters:
    ///   - row: Bytes of 0 and 1, a multiple of eight: eight of them are looked at at a time.
    ///   - body: Gets the indices.
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

    /// `[height, width]`: 1 where a pixel of the region is the object's, else 0; made anew at each call.
    public var pixels: [UInt8] {
        var pixels = [UInt8](repeating: 0, count: width * height)
        forEachRun { row, columns in
            for column in columns { pixels[row * width + column] = 1 }
        }
        return pixels
    }

    /// How many pixels the object has.
    public var area: Int {
        var area = 0
        forEachRun { area += $1.count }
        return area
    }

    /// Calls `body` with the runs of the object's pixels: a row of the region and columns of it, in reading order.
    package func forEachRun(_ body: (_ row: Int, _ columns: Range<Int>) -> Void) {
        for row in 0..<height {
            for edge in stride(from: rowStarts[row], to: rowStarts[row + 1], by: 2) {
                body(row, Int(edges[edge])..<Int(edges[edge + 1]))
            }
        }
    }
}

extension Int {
    /// The bytes of the words of eight that so many bytes lie in.
    package var roundedUpToWords: Int { (self + 7) / 8 * 8 }
}
