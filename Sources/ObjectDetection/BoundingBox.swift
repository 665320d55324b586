/// An axis-aligned rectangle in pixels; x grows to the right, y downwards.
///
/// Coordinates are continuous: the box of the single pixel (0, 0) spans 0 to 1 in both directions.
package struct BoundingBox: Hashable, Sendable {
    /// Left edge, in pixels.
    package var minX: Float
    /// Top edge, in pixels.
    package var minY: Float
    /// Right edge, in pixels; not less than ``minX`` in a valid box.
    package var maxX: Float
    /// Bottom edge, in pixels; not less than ``minY`` in a valid box.
    package var maxY: Float

    package init(minX: Float, minY: Float, maxX: Float, maxY: Float) {
        self.minX = minX
        self.minY = minY
        self.maxX = maxX
        self.maxY = maxY
    }

    /// Creates a box from its centre and size in pixels, the format of YOLO's heads.
    package init(centerX: Float, centerY: Float, width: Float, height: Float) {
        self.init(
            minX: centerX - width / 2,
            minY: centerY - height / 2,
            maxX: centerX + width / 2,
            maxY: centerY + height / 2
        )
    }

    /// Width in pixels.
    package var width: Float { maxX - minX }
    /// Height in pixels.
    package var height: Float { maxY - minY }
    /// Area in square pixels; 0 if the edges are inverted.
    package var area: Float { max(0, width) * max(0, height) }

    /// Returns the part of the box inside a picture of the given size, in pixels.
    package func clipped(toWidth width: Float, height: Float) -> BoundingBox {
        BoundingBox(
            minX: min(max(minX, 0), width),
            minY: min(max(minY, 0), height),
            maxX: min(max(maxX, 0), width),
            maxY: min(max(maxY, 0), height)
        )
    }

    /// Returns the intersection over union of two boxes, in `0...1`; 0 if neither has an area.
    package func intersectionOverUnion(with other: BoundingBox) -> Float {
        let intersection = intersection(with: other)
        guard intersection > 0 else { return 0 }
        let union = area + other.area - intersection
        return union > 0 ? intersection / union : 0
    }

    /// Returns the intersection of two boxes over the smaller of their areas, in `0...1`; 0 if one has no area.
    package func intersectionOverSmaller(with other: BoundingBox) -> Float {
        let smaller = min(area, other.area)
        return smaller > 0 ? intersection(with: other) / smaller : 0
    }

    /// Returns the box moved by a number of pixels.
    package func moved(x: Float, y: Float) -> BoundingBox {
        BoundingBox(minX: minX + x, minY: minY + y, maxX: maxX + x, maxY: maxY + y)
    }

    private func intersection(with other: BoundingBox) -> Float {
        let overlapWidth = min(maxX, other.maxX) - max(minX, other.minX)
        let overlapHeight = min(maxY, other.maxY) - max(minY, other.minY)
        return overlapWidth > 0 && overlapHeight > 0 ? overlapWidth * overlapHeight : 0
    }
}
