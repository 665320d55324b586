package import Imaging

/// Overlapping parts that a picture is cut into, so that the network sees small objects in full resolution.
package struct Slices: Hashable, Sendable {
    /// A part of a picture, in pixels.
    package struct Part: Hashable, Sendable {
        package var columns: Range<Int>
        package var rows: Range<Int>
    }

    /// Maximum number of slices of a picture.
    package static let maximumCount = 64

    /// Width and height in pixels; nil for the longer side of the network's input, or as many as it takes for
    /// ``maximumCount`` slices.
    package var size: Int?
    /// Share of a slice that the next one overlaps.
    package var overlap: Double

    package init(size: Int? = nil, overlap: Double = 0.2) {
        self.size = size
        self.overlap = overlap
    }

    /// Cuts a picture into slices.
    ///
    /// They start from the top left corner; the last ones in each direction end at the picture's edge, and overlap more.
    /// - Parameters:
    ///   - width: Width of the picture in pixels.
    ///   - height: Height of the picture in pixels.
    ///   - inputSide: Longer side of the network's input in pixels.
    /// - Returns: The slices row by row; none for a picture that is not larger than one.
    /// - Throws: `ImageError` with `tooLarge` if it takes too many.
    /// - SeeAlso: sahi 0.12, `get_slice_bboxes` in `slicing.py`.
    package func parts(width: Int, height: Int, inputSide: Int) throws(ImageError) -> [Part] {
        var side = size ?? inputSide
        while size == nil, count(side, width, height) > Self.maximumCount { side += side / 8 }
        let count = count(side, width, height)
        guard count <= Self.maximumCount else {
            throw ImageError(
                .tooLarge,
                "the picture of \(width)x\(height) pixels takes \(count) slices of this size, and there may be "
                    + "\(Self.maximumCount): choose larger slices, less overlap, or auto"
            )
        }
        guard count > 1 else { return [] }
        let across = ranges(side, of: width)
        return ranges(side, of: height).flatMap { rows in across.map { Part(columns: $0, rows: rows) } }
    }

    private func count(_ side: Int, _ width: Int, _ height: Int) -> Int {
        ranges(side, of: width).count * ranges(side, of: height).count
    }

    private func ranges(_ side: Int, of length: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while true {
            let end = min(length, start + side)
            ranges.append(max(0, end - side)..<end)
            if end == length { return ranges }
            start = end - Int(overlap * Double(side))
        }
    }
}
