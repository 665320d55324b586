/// The pixels of one object in COCO's run-length form.
///
/// Pixels are counted down the columns, column after column from the left; runs of background and object take turns,
/// background first. A run may be empty: the first one is where the object has the top left pixel.
/// - SeeAlso: pycocotools 2.0, `mask.py`.
public struct RunLengthMask: Hashable, Sendable {
    /// Width of the picture in pixels.
    public let width: Int
    /// Height of the picture in pixels.
    public let height: Int
    /// Lengths of the runs in pixels; none is negative, and their sum is ``width`` times ``height``.
    public let counts: [Int]

    /// The largest picture in pixels, which is what pycocotools can count.
    public static let maximumPixelCount = Int(UInt32.max)

    /// Makes a mask from runs that are known to be valid.
    ///
    /// - Precondition: No size or run is negative, and the runs fill the picture exactly.
    public init(width: Int, height: Int, counts: [Int]) {
        precondition(width >= 0 && height >= 0 && counts.allSatisfy { $0 >= 0 })
        precondition(counts.reduce(0, +) == width * height)
        self.width = width
        self.height = height
        self.counts = counts
    }

    /// Makes a mask from runs that came from outside.
    ///
    /// - Returns: nil where they are not those of a picture of this size.
    public init?(width: Int, height: Int, validating counts: [Int]) {
        guard let pixelCount = Self.pixelCount(width: width, height: height) else { return nil }
        var remaining = pixelCount
        for count in counts {
            guard (0...remaining).contains(count) else { return nil }
            remaining -= count
        }
        guard remaining == 0 else { return nil }
        self.init(width: width, height: height, counts: counts)
    }

    /// How many pixels a picture has, or nil for one that cannot be.
    static func pixelCount(width: Int, height: Int) -> Int? {
        guard width >= 0, height >= 0 else { return nil }
        let (pixelCount, overflow) = width.multipliedReportingOverflow(by: height)
        return overflow || pixelCount > maximumPixelCount ? nil : pixelCount
    }

    /// How many pixels the object has.
    public var area: Int {
        var (area, run) = (0, 1)
        while run < counts.count {
            area += counts[run]
            run += 2
        }
        return area
    }

    /// Compares two masks pixel by pixel.
    ///
    /// - Parameters:
    ///   - other: The mask to compare with; one of a picture of another size shares no pixel.
    ///   - isCrowd: Whether the other mask is that of a crowd, of which this one may be any part: the union is then
    ///     this mask alone.
    /// - Returns: Intersection over union, in `0...1`; 0 where they share no pixel.
    public func intersectionOverUnion(with other: RunLengthMask, isCrowd: Bool = false) -> Double {
        guard width == other.width, height == other.height else { return 0 }
        let shared = intersectionArea(with: other)
        guard shared > 0 else { return 0 }
        let union = isCrowd ? area : area + other.area - shared
        return Double(shared) / Double(union)
    }

    /// How many pixels two masks of pictures of the same size share.
    private func intersectionArea(with other: RunLengthMask) -> Int {
        var (shared, position) = (0, 0)
        var (run, otherRun) = (0, 0)
        var (end, otherEnd) = (counts.first ?? 0, other.counts.first ?? 0)
        while run < counts.count, otherRun < other.counts.count {
            let next = min(end, otherEnd)
            if run & otherRun & 1 == 1 { shared += next - position }
            position = next
            if end == next {
                run += 1
                if run < counts.count { end += counts[run] }
            } else {
                otherRun += 1
                if otherRun < other.counts.count { otherEnd += other.counts[otherRun] }
            }
        }
        return shared
    }
}
