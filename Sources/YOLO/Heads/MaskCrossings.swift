internal import CPixels
internal import ObjectDetection

/// Finds the columns in which the probabilities of a row of pixels cross 0.5.
struct MaskCrossings {
    private let pixels: Range<Int>
    private let axis: PrototypeAxis
    /// For each column of prototypes, the first pixel that does not lie to its left.
    private let firstPixels: [Int]
    /// For each column of prototypes, 1 if the probability exceeds 0.5; the last word is padded with zeros.
    private var isObject: [UInt8]

    init(of pixels: Range<Int>, between prototypes: Range<Int>, along axis: PrototypeAxis) {
        self.pixels = pixels
        self.axis = axis
        isObject = [UInt8](repeating: 0, count: prototypes.count.roundedUpToWords)
        var pixel = pixels.lowerBound
        firstPixels = prototypes.map { prototype in
            while pixel < pixels.upperBound, axis.sample(pixel).near < prototype { pixel += 1 }
            return pixel
        }
    }

    /// Appends the columns of the region where a row of pixels enters and leaves the object.
    ///
    /// - Parameters:
    ///   - near: Probabilities at the prototypes above the row.
    ///   - far: Probabilities at the prototypes below the row, as many as `near`.
    ///   - farWeight: Weight of `far` in the interpolation, in `0...1`.
    ///   - edges: Receives the columns.
    mutating func appendEdges(
        near: ArraySlice<Float>,
        far: ArraySlice<Float>,
        farWeight: Float,
        to edges: inout [Int32]
    ) {
        near.withUnsafeBufferPointer { near in
            far.withUnsafeBufferPointer { far in
                pixels_threshold_rows(near.baseAddress, far.baseAddress, farWeight, &isObject, near.count)
                let rowStart = edges.count
                func append(_ column: Int) {
                    let edge = Int32(truncatingIfNeeded: column)
                    // Two crossings before the same pixel cancel each other out.
                    if edges.count > rowStart, edges.last == edge { edges.removeLast() } else { edges.append(edge) }
                }
                Mask.forEachChange(inRow: isObject.span.bytes) { column in
                    guard column > 0 else { return append(0) }
                    guard column < near.count else { return }
                    func probability(_ column: Int) -> Float {
                        (1 - farWeight) * near[column] + farWeight * far[column]
                    }
                    append(
                        firstPixel(
                            before: column,
                            probabilities: (probability(column - 1), probability(column)),
                            isObject: isObject[column] == 1
                        ) - pixels.lowerBound
                    )
                }
                if (edges.count - rowStart) & 1 == 1 { append(pixels.count) }
            }
        }
    }

    /// Returns the first pixel between two prototypes on the right one's side of 0.5, or the first pixel after them.
    private func firstPixel(before column: Int, probabilities: (left: Float, right: Float), isObject: Bool) -> Int {
        for pixel in firstPixels[column - 1]..<firstPixels[column] {
            let weight = axis.sample(pixel).farWeight
            let probability = (1 - weight) * probabilities.left + weight * probabilities.right
            if (probability > 0.5) == isObject { return pixel }
        }
        return firstPixels[column]
    }
}
