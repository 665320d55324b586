internal import Imaging
package import ObjectDetection

/// Makes the pictures of single detections.
package struct Crops: Sendable {
    /// The upright picture at full resolution.
    let pixels: RGBImage
    /// Margin around a box, as a share of its width and height.
    let margin: Double

    /// Returns a JPEG of a detection with its margin, as far as that is inside the picture.
    ///
    /// - Throws: `ImageError`; `CancellationError`.
    package func jpeg(of detection: Detection) throws -> [UInt8] {
        // Hundreds of large objects take seconds.
        try Task.checkCancellation()
        let box = detection.box
        let columns = range(box.minX, box.maxX, in: pixels.width)
        let rows = range(box.minY, box.maxY, in: pixels.height)
        let crop = RGBImage(width: columns.count, height: rows.count) { target in
            pixels.withUnsafePixels { source in
                for (index, row) in rows.enumerated() {
                    let start = 3 * (row * pixels.width + columns.lowerBound)
                    _ = UnsafeMutableBufferPointer(rebasing: target[(3 * columns.count * index)...])
                        .update(fromContentsOf: source[start..<start + 3 * columns.count])
                }
            }
        }
        return try crop.encoded(as: .jpeg)
    }

    /// The whole pixels of a side with its margin, at least one.
    private func range(_ start: Float, _ end: Float, in length: Int) -> Range<Int> {
        let margin = margin * Double(end - start)
        let first = min(max(0, Int((Double(start) - margin).rounded(.down))), length - 1)
        let last = min(max(first + 1, Int((Double(end) + margin).rounded(.up))), length)
        return first..<last
    }
}
