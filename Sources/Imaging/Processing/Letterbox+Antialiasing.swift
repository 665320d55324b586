import CPixels

/// Bilinear scaling with antialiasing: each pixel is a mean of those that it covers, with weights that fall to 0 at the
/// middles of its neighbours. The arithmetic, and thus the bytes, are those of Pillow's `resize` with `BILINEAR`, first along rows, then along columns.
extension Letterbox {
    /// Scales the picture's pixels into the network's input.
    ///
    /// - Parameters:
    ///   - image: A picture of the size that the letterbox was made for.
    ///   - source: Its pixels.
    ///   - target: The scaled picture's first pixel, with `3 * width` bytes from row to row.
    func averageRows(
        of image: ReducedImage,
        _ source: UnsafePointer<UInt8>,
        into target: UnsafeMutablePointer<UInt8>
    ) {
        let (columns, rows) = (image.columns, image.rows)
        // Keep the fraction: the last column or row may cover fewer pixels than the others.
        let across = Averages(scaledWidth, of: columns, exactly: Double(imageWidth) / Double(image.reduction))
        let down = Averages(scaledHeight, of: rows, exactly: Double(imageHeight) / Double(image.reduction))
        let length = 3 * scaledWidth
        // Rows of the picture, scaled horizontally; those that a row of the input needs are there at the same time.
        let room = down.maximumCount
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room * length) { kept in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: length) { sums in
                guard let first = kept.baseAddress else { return }
                var next = 0
                for (y, window) in down.windows.enumerated() {
                    let needed = Int(window.first)..<Int(window.first + window.count)
                    for row in max(next, needed.lowerBound)..<max(next, needed.upperBound) {
                        let place = first + row % room * length
                        pixels_weigh_row(
                            source + 3 * image.pixels.width * row,
                            across.windows,
                            across.weights,
                            scaledWidth,
                            place
                        )
                    }
                    next = max(next, needed.upperBound)
                    let places = needed.map { UnsafePointer<UInt8>?(first + $0 % room * length) }
                    down.weights.withUnsafeBufferPointer { weights in
                        pixels_weigh_rows(
                            places,
                            weights.baseAddress.map { $0 + Int(window.weight) },
                            needed.count,
                            sums.baseAddress,
                            target + 3 * width * y,
                            length
                        )
                    }
                }
            }
        }
    }
}

/// For each pixel along one axis of a scaled picture, the pixels that it is the mean of, and their weights.
private struct Averages {
    private(set) var windows: [pixels_window] = []
    private(set) var weights: [Int32] = []
    /// Number of pixels in the largest window.
    private(set) var maximumCount = 1

    /// - Parameters:
    ///   - count: Number of pixels of the scaled picture.
    ///   - length: Number of pixels of the picture.
    ///   - exact: The same before rounding.
    init(_ count: Int, of length: Int, exactly exact: Double) {
        let scale = exact / Double(count)
        // Enlarged pixels lie between two pixels.
        let reach = max(1, scale)
        for index in 0..<count {
            let center = (Double(index) + 0.5) * scale
            let first = min(max(0, Int(center - reach + 0.5)), length - 1)
            let end = min(max(first + 1, Int(center + reach + 0.5)), length)
            // The order of the operations determines the last bit of a weight.
            let shares = (first..<end).map { max(0, 1 - abs((Double($0) - center + 0.5) * (1 / reach))) }
            let sum = shares.reduce(0, +)
            windows.append(
                pixels_window(first: UInt32(first), count: UInt32(end - first), weight: UInt32(weights.count))
            )
            weights += shares.map { share in
                sum > 0 ? Int32(share / sum * Double(1 << PIXELS_WEIGHT_BITS) + 0.5) : 1 << PIXELS_WEIGHT_BITS
            }
            maximumCount = max(maximumCount, end - first)
        }
    }
}
