package import ObjectDetection

#if canImport(Glibc)
    // `rounded` does not link without its mathematical functions.
    import Glibc
#endif

/// Fits a picture into a network's input: scales it, and pads it with grey if it keeps its aspect ratio.
///
/// A network works best on input like that of its training, so the arithmetic is that of its training code.
/// - SeeAlso: Ultralytics YOLOv5 v7.0, `letterbox` in `utils/augmentations.py`, `scale_boxes` in `utils/general.py`;
///   YOLOX 0.3, `preproc` in `yolox/data/data_augment.py`.
package struct Letterbox: Hashable, Sendable {
    /// The shape of the network's input.
    package enum Shape: Hashable, Sendable {
        /// The scaled picture with each side padded to the next multiple of the stride.
        case rectangular
        /// `side` by `side` pixels.
        case square
        /// Exactly this size in pixels, for a network that accepts no other; `side` and `stride` have no effect.
        case fixed(width: Int, height: Int)
    }

    /// How the picture is placed in the network's input.
    package enum Placement: String, CaseIterable, Sendable {
        /// Keeps its aspect ratio: scale = min(side / width, side / height), also upwards. Padding is split evenly, with
        /// an odd pixel at the right or bottom.
        case centered = "letterbox"
        /// As `centered`, but with all padding at the right and bottom, and sides rounded down, as in YOLOX.
        case topLeft = "top-left"
        /// Fills the input, whatever its aspect ratio.
        case stretched = "stretch"
    }

    /// The grey level of the padding.
    package static let paddingLevel: UInt8 = 114

    /// Width of the picture in pixels.
    package let imageWidth: Int
    /// Height of the picture in pixels.
    package let imageHeight: Int
    /// Width of the network's input in pixels.
    package let width: Int
    /// Height of the network's input in pixels.
    package let height: Int
    /// Width of the scaled picture inside the network's input, in pixels, at least 1.
    package let scaledWidth: Int
    /// Height of the scaled picture inside the network's input, in pixels, at least 1.
    package let scaledHeight: Int
    /// Grey pixels left of the scaled picture.
    package let padLeft: Int
    /// Grey pixels above the scaled picture.
    package let padTop: Int
    /// How the picture is placed in the network's input.
    package let placement: Placement
    /// Whether a pixel of a reduced picture is the mean of those that it stands for rather than between two of them.
    package let antialiases: Bool

    /// Size of the network's input in bytes: `height * width * 3`.
    package var byteCount: Int { height * width * 3 }

    /// Computes how a picture of the given size is fitted.
    ///
    /// - Parameters:
    ///   - imageWidth: Width of the picture in pixels, at least 1.
    ///   - imageHeight: Height of the picture in pixels, at least 1.
    ///   - side: Longest side of the network's input in pixels, a multiple of `stride`.
    ///   - shape: Whether the shorter side is as short as possible, as long as the other, or fixed.
    ///   - stride: The network's largest stride in pixels.
    ///   - placement: How the picture is placed in the input.
    ///   - margin: Pixels of padding at least at each edge, if the picture is centred.
    ///   - antialiases: Whether a pixel of a reduced picture is the mean of those that it stands for.
    package init(
        imageWidth: Int,
        imageHeight: Int,
        side: Int = 640,
        shape: Shape = .rectangular,
        stride: Int = 32,
        placement: Placement = .centered,
        margin: Int = 0,
        antialiases: Bool = false
    ) {
        precondition(imageWidth > 0 && imageHeight > 0, "an image must have at least one pixel")
        precondition(stride > 0 && side > 0 && side.isMultiple(of: stride), "the side must be a multiple of the stride")
        let (sideAcross, sideDown) =
            if case .fixed(let width, let height) = shape { (width, height) } else { (side, side) }
        let scale = min(
            Double(max(1, sideDown - 2 * margin)) / Double(imageHeight),
            Double(max(1, sideAcross - 2 * margin)) / Double(imageWidth)
        )

        func fit(_ length: Int, into side: Int) -> (scaled: Int, padded: Int) {
            let exact = Double(length) * scale
            let scaled =
                switch placement {
                case .centered: Int(exact.rounded(.toNearestOrEven))
                case .topLeft: Int(exact)
                case .stretched: side
                }
            // The training code scales a very thin picture to nothing; this keeps one row or column of it.
            let kept = max(1, scaled)
            return (kept, shape == .rectangular ? kept + (side - kept) % stride : side)
        }
        let horizontal = fit(imageWidth, into: sideAcross)
        let vertical = fit(imageHeight, into: sideDown)

        self.imageWidth = imageWidth
        self.imageHeight = imageHeight
        width = horizontal.padded
        height = vertical.padded
        scaledWidth = horizontal.scaled
        scaledHeight = vertical.scaled
        padLeft = placement == .centered ? (horizontal.padded - horizontal.scaled) / 2 : 0
        padTop = placement == .centered ? (vertical.padded - vertical.scaled) / 2 : 0
        self.placement = placement
        self.antialiases = antialiases
    }

    /// Writes the picture into the network's input, scaled and padded.
    ///
    /// Scaling is bilinear and produces the same bytes as OpenCV's `resize` with `INTER_LINEAR`, or, if it antialiases, as
    /// Pillow's `resize` with `BILINEAR`.
    /// - Parameters:
    ///   - image: A picture of the size that the letterbox was made for.
    ///   - tensor: Receives `[height, width, 3]`, RGB; all ``byteCount`` bytes are written.
    package func draw(_ image: RGBImage, into tensor: UnsafeMutableBufferPointer<UInt8>) {
        draw(ReducedImage(image), into: tensor)
    }

    /// Writes a picture of reduced resolution into the network's input, scaled and padded.
    ///
    /// Each pixel of the input is interpolated at its position in the full picture.
    /// - Parameters:
    ///   - image: A picture with the full size that the letterbox was made for.
    ///   - tensor: Receives `[height, width, 3]`, RGB; all ``byteCount`` bytes are written.
    package func draw(_ image: ReducedImage, into tensor: UnsafeMutableBufferPointer<UInt8>) {
        precondition(image.width == imageWidth && image.height == imageHeight, "the letterbox is for another size")
        precondition(tensor.count == byteCount, "the tensor must hold height * width * 3 bytes")
        pad(tensor)
        let origin = 3 * (padTop * width + padLeft)
        scale(image, into: UnsafeMutableBufferPointer(rebasing: tensor[origin...]))
    }

    /// Fills a region of the picture with grey in the network's input.
    ///
    /// - Parameters:
    ///   - region: In pixels of the picture.
    ///   - tensor: The input, after the picture was drawn: `[height, width, 3]`.
    package func fill(_ region: Region, in tensor: UnsafeMutableBufferPointer<UInt8>) {
        let scaled = region.transformed(
            x: Double(scaledWidth) / Double(imageWidth),
            y: Double(scaledHeight) / Double(imageHeight)
        )
        scaled.forEachRun(width: scaledWidth, height: scaledHeight) { row, columns in
            let start = 3 * ((padTop + row) * width + padLeft)
            tensor[start + 3 * columns.lowerBound..<start + 3 * columns.upperBound].update(repeating: Self.paddingLevel)
        }
    }

    /// Converts a box from the network's input to the picture.
    ///
    /// - Parameter networkBox: Edges in pixels of the network's input.
    /// - Returns: Edges in pixels of the picture, clipped to it.
    package func imageBox(from networkBox: BoundingBox) -> BoundingBox {
        // The training code recomputes scale and padding from the two sizes. They differ from those used for drawing by
        // the rounding to whole pixels, and thresholds were measured with them.
        let gain = min(Double(height) / Double(imageHeight), Double(width) / Double(imageWidth))
        let isCentered = placement == .centered
        let left = isCentered ? Float((Double(width) - Double(imageWidth) * gain) / 2) : 0
        let top = isCentered ? Float((Double(height) - Double(imageHeight) * gain) / 2) : 0
        return BoundingBox(
            minX: (networkBox.minX - left) / Float(gain),
            minY: (networkBox.minY - top) / Float(gain),
            maxX: (networkBox.maxX - left) / Float(gain),
            maxY: (networkBox.maxY - top) / Float(gain)
        ).clipped(toWidth: Float(imageWidth), height: Float(imageHeight))
    }

    /// Converts a box from pixels of the network's input to pixels of the picture, from where the picture was drawn.
    ///
    /// - SeeAlso: Ultralytics 8.4, `scale_boxes` in `utils/ops.py`.
    package func exactImageBox(from networkBox: BoundingBox) -> BoundingBox {
        let (left, top) = (Float(padLeft), Float(padTop))
        let across = Float(imageWidth) / Float(scaledWidth)
        let down = Float(imageHeight) / Float(scaledHeight)
        return BoundingBox(
            minX: (networkBox.minX - left) * across,
            minY: (networkBox.minY - top) * down,
            maxX: (networkBox.maxX - left) * across,
            maxY: (networkBox.maxY - top) * down
        ).clipped(toWidth: Float(imageWidth), height: Float(imageHeight))
    }

    /// Fills the area around the scaled picture with grey.
    private func pad(_ tensor: UnsafeMutableBufferPointer<UInt8>) {
        let rowBytes = 3 * width
        let left = 3 * padLeft
        let right = 3 * (width - padLeft - scaledWidth)
        let firstRow = padTop * rowBytes
        let lastRow = (padTop + scaledHeight) * rowBytes

        tensor[..<firstRow].update(repeating: Self.paddingLevel)
        tensor[lastRow...].update(repeating: Self.paddingLevel)
        guard right > 0 else { return }
        for row in stride(from: firstRow, to: lastRow, by: rowBytes) {
            tensor[row..<row + left].update(repeating: Self.paddingLevel)
            tensor[row + rowBytes - right..<row + rowBytes].update(repeating: Self.paddingLevel)
        }
    }
}
