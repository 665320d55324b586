import CPixels

/// Bilinear scaling with the fixed-point arithmetic, and thus the bytes, of OpenCV's `resize` with `INTER_LINEAR`.
extension Letterbox {
    /// Scales the picture's pixels into the network's input.
    ///
    /// - Parameters:
    ///   - image: A picture of the size that the letterbox was made for.
    ///   - target: Buffer from the scaled picture's first pixel on, with `3 * width` bytes from row to row.
    func scale(_ image: ReducedImage, into target: UnsafeMutableBufferPointer<UInt8>) {
        precondition(target.count >= 3 * ((scaledHeight - 1) * width + scaledWidth))
        let (columns, rows) = (scaledWidth * image.reduction, scaledHeight * image.reduction)
        image.pixels.withUnsafePixels { source in
            guard let first = source.baseAddress, let target = target.baseAddress else { return }
            let rowBytes = 3 * image.pixels.width
            let source = first + image.top * rowBytes + 3 * image.left
            if columns == imageWidth && rows == imageHeight {
                copyRows(source, rowBytes: rowBytes, into: target)
            } else if antialiases {
                averageRows(of: image, source, into: target)
            } else if columns * 2 == imageWidth && rows * 2 == imageHeight {
                // OpenCV averages areas if bilinear interpolation halves a picture exactly.
                halveRows(source, rowBytes: rowBytes, into: target)
            } else {
                interpolateRows(of: image, source, into: target)
            }
        }
    }

    private func copyRows(
        _ source: UnsafePointer<UInt8>,
        rowBytes: Int,
        into target: UnsafeMutablePointer<UInt8>
    ) {
        for y in 0..<scaledHeight {
            (target + 3 * width * y).update(from: source + rowBytes * y, count: 3 * scaledWidth)
        }
    }

    private func halveRows(
        _ source: UnsafePointer<UInt8>,
        rowBytes: Int,
        into target: UnsafeMutablePointer<UInt8>
    ) {
        for y in 0..<scaledHeight {
            let upper = source + rowBytes * (2 * y)
            pixels_halve_rows(upper, upper + rowBytes, target + 3 * width * y, scaledWidth)
        }
    }

    private func interpolateRows(
        of image: ReducedImage,
        _ source: UnsafePointer<UInt8>,
        into target: UnsafeMutablePointer<UInt8>
    ) {
        let (columns, rows) = (image.columns, image.rows)
        // Keep the fraction: the last column or row may cover fewer pixels than the others.
        let exactColumns = Double(imageWidth) / Double(image.reduction)
        let exactRows = Double(imageHeight) / Double(image.reduction)
        withUnsafeTemporaryAllocation(of: pixels_tap.self, capacity: scaledWidth) { taps in
            for x in 0..<scaledWidth {
                taps.initializeElement(at: x, to: Sample(x, of: scaledWidth, from: exactColumns).tap(in: columns))
            }
            let room = 3 * scaledWidth + 1
            withUnsafeTemporaryAllocation(of: Int16.self, capacity: 2 * room) { values in
                guard let first = values.baseAddress else { return }
                var upper = InterpolatedRow(values: first)
                var lower = InterpolatedRow(values: first + room)

                for y in 0..<scaledHeight {
                    let sample = Sample(y, of: scaledHeight, from: exactRows)
                    // Unlike columns, rows keep both weights at the edge: each product is truncated separately.
                    let near = min(max(sample.position, 0), rows - 1)
                    let far = min(max(sample.position + 1, 0), rows - 1)
                    if lower.loaded == near { swap(&upper, &lower) }
                    upper.load(near, of: source, image, taps: taps)
                    lower.load(far, of: source, image, taps: taps)
                    pixels_blend_rows(
                        upper.values,
                        lower.values,
                        sample.nearWeight,
                        sample.farWeight,
                        target + 3 * width * y,
                        3 * scaledWidth
                    )
                }
            }
        }
    }
}

/// A horizontally scaled row of the picture; neighbouring rows of the result share it.
private struct InterpolatedRow {
    let values: UnsafeMutablePointer<Int16>
    /// Index of the row in the picture; nil before the first load.
    private(set) var loaded: Int?

    init(values: UnsafeMutablePointer<Int16>) {
        self.values = values
    }

    mutating func load(
        _ row: Int,
        of source: UnsafePointer<UInt8>,
        _ image: ReducedImage,
        taps: UnsafeMutableBufferPointer<pixels_tap>
    ) {
        guard row != loaded else { return }
        let start = source + 3 * image.pixels.width * row
        pixels_interpolate_row(start, 3 * image.columns, taps.baseAddress, taps.count, values)
        loaded = row
    }
}

/// Position of a scaled row or column between two of the picture's: `position` and the next one.
private struct Sample {
    /// From -1 to the picture's last index.
    let position: Int
    /// In `0...2048`, where 2048 stands for 1.
    let nearWeight: Int16
    /// In `0...2048`, where 2048 stands for 1.
    let farWeight: Int16

    init(_ index: Int, of count: Int, from sourceCount: Double) {
        // The rounding from Double to Float and the order of the divisions determine the last bit of a weight.
        let step = 1 / (Double(count) / sourceCount)
        let center = Float((Double(index) + 0.5) * step - 0.5)
        let whole = center.rounded(.down)
        let fraction = center - whole
        position = Int(whole)
        nearWeight = Int16(((1 - fraction) * 2048).rounded(.toNearestOrEven))
        farWeight = Int16((fraction * 2048).rounded(.toNearestOrEven))
    }

    /// Returns the sample in a row of `width` pixels; the outermost pixels repeat beyond the edges.
    func tap(in width: Int) -> pixels_tap {
        guard position >= 0, position < width - 1 else {
            return pixels_tap(offset: position < 0 ? 0 : UInt32(3 * (width - 1)), near_weight: 2048, far_weight: 0)
        }
        return pixels_tap(offset: UInt32(3 * position), near_weight: nearWeight, far_weight: farWeight)
    }
}
