/// An axis-aligned rectangle in pixels; x grows to the right, y downwards.
///
/// Coordinates are continuous: a box around the single pixel (0, 0) runs from 0 to 1 in both directions.
public struct BoundingBox: Hashable, Sendable {
    /// Left edge, in pixels.
    public var minX: Float
    /// Top edge, in pixels.
    public var minY: Float
    /// Right edge, in pixels; not less than ``minX`` in a valid box.
    public var maxX: Float
    /// Bottom edge, in pixels; not less than ``minY`` in a valid box.
    public var maxY: Float

    /// Makes a box from its edges.
    public init(minX: Float, minY: Float, maxX: Float, maxY: Float) {
        self.minX = minX
        self.minY = minY
        self.maxX = maxX
        self.maxY = maxY
    }

    /// Makes a box from its centre and size, the form in which YOLO's heads speak.
    public init(centerX: Float, centerY: Float, width: Float, height: Float) {
        self.init(
            minX: centerX - width / 2,
            minY: centerY - height / 2,
            maxX: centerX + width / 2,
            maxY: centerY + height / 2
        )
    }

    /// Width in pixels.
    public var width: Float { maxX - minX }
    /// Height in pixels.
    public var height: Float { maxY - minY }
    /// Area in square pixels; 0 for a box whose edges have crossed.
    public var area: Float { max(0, width) * max(0, height) }

    /// The part of the box that lies inside a picture of the given size.
    public func clipped(toWidth width: Float, height: Float) -> BoundingBox {
        BoundingBox(
            minX: min(max(minX, 0), width),
            minY: min(max(minY, 0), height),
            maxX: min(max(maxX, 0), width),
            maxY: min(max(maxY, 0), height)
        )
    }

    /// Intersection over union of two boxes, in `0...1`; 0 when neither has an area.
    public func intersectionOverUnion(with other: BoundingBox) -> Float {
        let overlapWidth = min(maxX, other.maxX) - max(minX, other.minX)
        let overlapHeight = min(maxY, other.maxY) - max(minY, other.minY)
        guard overlapWidth > 0, overlapHeight > 0 else { return 0 }
        let intersection = overlapWidth * overlapHeight
        let union = area + other.area - intersection
        return union > 0 ? intersection / union : 0
    }
}
