public import ObjectDetection

/// A box as COCO writes it: its top left corner and its size, in pixels.
///
/// In double precision, as pycocotools computes, so that an overlap falls on the same side of a threshold.
public struct COCOBox: Hashable, Sendable {
    /// Left edge.
    public var x: Double
    /// Top edge.
    public var y: Double
    /// Width, not negative in a valid box.
    public var width: Double
    /// Height, not negative in a valid box.
    public var height: Double

    /// Makes a box.
    public init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// Makes a box from that of a detection.
    public init(_ box: BoundingBox) {
        x = Double(box.minX)
        y = Double(box.minY)
        width = Double(box.maxX) - x
        height = Double(box.maxY) - y
    }

    /// Area in square pixels.
    public var area: Double { width * height }

    /// Compares the box with one of the ground truth.
    ///
    /// - Parameters:
    ///   - truth: The box to compare with.
    ///   - isCrowd: Whether that is the box of a crowd, of which this one may be any part: the union is then this box
    ///     alone.
    /// - Returns: Intersection over union, in `0...1`.
    func intersectionOverUnion(with truth: COCOBox, isCrowd: Bool) -> Double {
        let sharedWidth = min(x + width, truth.x + truth.width) - max(x, truth.x)
        let sharedHeight = min(y + height, truth.y + truth.height) - max(y, truth.y)
        guard sharedWidth > 0, sharedHeight > 0 else { return 0 }
        let shared = sharedWidth * sharedHeight
        return shared / (isCrowd ? area : area + truth.area - shared)
    }
}
