package import ObjectDetection

/// A box in COCO format: top-left corner and size, in pixels.
///
/// Uses double precision like pycocotools, so that overlaps fall on the same side of a threshold.
package struct COCOBox: Hashable, Sendable {
    /// Left edge, in pixels.
    package var x: Double
    /// Top edge, in pixels.
    package var y: Double
    /// Width in pixels; not negative in a valid box.
    package var width: Double
    /// Height in pixels; not negative in a valid box.
    package var height: Double

    package init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// Converts a detection's box.
    package init(_ box: BoundingBox) {
        x = Double(box.minX)
        y = Double(box.minY)
        width = Double(box.maxX) - x
        height = Double(box.maxY) - y
    }

    /// Area in square pixels.
    package var area: Double { width * height }

    /// Returns the intersection over union with a ground-truth box.
    ///
    /// - Parameters:
    ///   - truth: The ground-truth box.
    ///   - isCrowd: Whether `truth` is the box of a crowd. This box may then be any part of it, so the intersection is
    ///     divided by this box's area alone.
    /// - Returns: Intersection over union, in `0...1`.
    func intersectionOverUnion(with truth: COCOBox, isCrowd: Bool) -> Double {
        let sharedWidth = min(x + width, truth.x + truth.width) - max(x, truth.x)
        let sharedHeight = min(y + height, truth.y + truth.height) - max(y, truth.y)
        guard sharedWidth > 0, sharedHeight > 0 else { return 0 }
        let shared = sharedWidth * sharedHeight
        return shared / (isCrowd ? area : area + truth.area - shared)
    }
}
