/// The pixels of one object in COCO's run-length encoding.
///
/// Pixels are in column-major order: down each column, from left to right. Runs of background and object alternate,
/// background first. Runs may be empty: the first one is if the object has the top-left pixel.
/// - SeeAlso: pycocotools 2.0, `mask.py`.
public struct RunLengthMask: Hashable, Sendable {
    /// Width of the picture in pixels.
    public let width: Int
    /// Height of the picture in pixels.
    public let height: Int
    /// Run lengths in pixels; not negative, with a sum of ``width`` times ``height``.
    public let counts: [Int]

    /// Maximum number of pixels in a picture, which is the limit of pycocotools.
    public static let maximumPixelCount = Int(UInt32.max)

    /// Creates a mask from runs known to be valid.
    ///
    /// - Precondition: Width, height and runs are not negative, and the runs fill the picture exactly.
    public init(width: Int, height: Int, counts: [Int]) {
        precondition(width >= 0 && height >= 0 && counts.allSatisfy { $0 >= 0 })
        precondition(counts.reduce(0, +) == width * height)
        self.width = width
        self.height = height
        self.counts = counts
    }

    /// Creates a mask from untrusted runs.
    ///
    /// - Returns: nil if the size is invalid, a run is negative or the runs do not fill the picture exactly.
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

    /// Returns the number of pixels in a picture, or nil if it is negative or above ``maximumPixelCount``.
    static func pixelCount(width: Int, height: Int) -> Int? {
        guard width >= 0, height >= 0 else { return nil }
        let (pixelCount, overflow) = width.multipliedReportingOverflow(by: height)
        return overflow || pixelCount > maximumPixelCount ? nil : pixelCount
    }

    /// Area of the object, in pixels.
    public var area: Int {
        var (area, run) = (0, 1)
        while run < counts.count {
            area += counts[run]
            run += 2
        }
        return area
    }

    /// Returns the intersection over union of two masks.
    ///
    /// - Parameters:
    ///   - other: Mask to compare with; masks of pictures of different sizes share no pixels.
    ///   - isCrowd: Whether `other` is the mask of a crowd. This mask may then be any part of it, so the intersection
    ///     is divided by this mask's area alone.
    /// - Returns: Intersection over union, in `0...1`; 0 if the masks share no pixels.
    public func intersectionOverUnion(with other: RunLengthMask, isCrowd: Bool = false) -> Double {
        guard width == other.width, height == other.height else { return 0 }
        let shared = intersectionArea(with: other)
        guard shared > 0 else { return 0 }
        let union = isCrowd ? area : area + other.area - shared
        return Double(shared) / Double(union)
    }

    /// Returns the number of pixels shared by two masks of pictures of the same size.
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
