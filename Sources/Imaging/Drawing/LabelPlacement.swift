package import ObjectDetection

/// Finds places for labels: at their boxes, inside the picture and, if possible, not on other labels.
package struct LabelPlacement {
    private let imageWidth: Float
    private let imageHeight: Float
    private var taken: [BoundingBox] = []

    /// Starts without labels, in a picture of the given size in pixels.
    package init(imageWidth: Float, imageHeight: Float) {
        self.imageWidth = imageWidth
        self.imageHeight = imageHeight
    }

    /// Places one label; earlier labels keep their places.
    ///
    /// - Parameters:
    ///   - width: Width of the label in pixels, at most the picture's.
    ///   - height: Height of the label in pixels, at most the picture's.
    ///   - box: The box that the label belongs to, inside the picture.
    /// - Returns: The most readable free place, or otherwise the one that covers other labels least.
    package mutating func place(width: Float, height: Float, beside box: BoundingBox) -> BoundingBox {
        var best = BoundingBox(minX: 0, minY: 0, maxX: 0, maxY: 0)
        var leastCovered = Float.infinity
        for (x, y) in corners(width: width, height: height, of: box) {
            let minX = min(max(x, 0), imageWidth - width)
            let minY = min(max(y, 0), imageHeight - height)
            let candidate = BoundingBox(minX: minX, minY: minY, maxX: minX + width, maxY: minY + height)
            let covered = taken.reduce(0) { $0 + $1.intersection(with: candidate) }
            if covered < leastCovered {
                best = candidate
                leastCovered = covered
            }
            if covered == 0 { break }
        }
        taken.append(best)
        return best
    }

    /// Returns the top left corners of possible places for a label, the best first; at least one.
    private func corners(width: Float, height: Float, of box: BoundingBox) -> [(x: Float, y: Float)] {
        let above = box.minY - height
        let right = box.maxX - width
        let outside = [(box.minX, above), (right, above), (box.minX, box.maxY), (right, box.maxY)]
            .filter { $0.1 >= 0 && $0.1 + height <= imageHeight }
        let inside = [(box.minX, box.minY), (right, box.minY), (box.minX, box.maxY - height)]
        // A label inside a small box would hide the object.
        guard box.width >= width, box.height >= 3 * height else { return outside + inside }
        return outside.prefix { $0.1 == above } + inside + outside.drop { $0.1 == above }
    }
}

extension BoundingBox {
    fileprivate func intersection(with other: BoundingBox) -> Float {
        BoundingBox(
            minX: max(minX, other.minX),
            minY: max(minY, other.minY),
            maxX: min(maxX, other.maxX),
            maxY: min(maxY, other.maxY)
        ).area
    }
}
