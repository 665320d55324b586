public import ObjectDetection

#if canImport(Glibc)
    // Without its mathematical functions `rounded` does not link.
    import Glibc
#endif

/// How a picture is fitted into a network's input: scaled, its aspect ratio kept, and padded with grey.
///
/// Scale = min(side / width, side / height), upwards too; padding is split evenly, an odd pixel of it goes right and
/// bottom. A network works best on what it was trained on, so all of this is the arithmetic of its training code.
/// - SeeAlso: Ultralytics YOLOv5 v7.0, `letterbox` in `utils/augmentations.py`, `scale_boxes` in `utils/general.py`.
public struct Letterbox: Hashable, Sendable {
    /// The form of the network's input.
    public enum Shape: Hashable, Sendable {
        /// As large as the scaled picture, each side padded to the next multiple of the stride.
        case rectangular
        /// `side` by `side` pixels.
        case square
        /// Exactly so many pixels, for a network that takes no other size; `side` and `stride` do not count.
        case fixed(width: Int, height: Int)
    }

    /// The grey level around the picture.
    public static let paddingLevel: UInt8 = 114

    /// Width of the picture in pixels.
    public let imageWidth: Int
    /// Height of the picture in pixels.
    public let imageHeight: Int
    /// Width of the network's input in pixels.
    public let width: Int
    /// Height of the network's input in pixels.
    public let height: Int
    /// Width of the scaled picture inside the network's input, in pixels, at least 1.
    public let scaledWidth: Int
    /// Height of the scaled picture inside the network's input, in pixels, at least 1.
    public let scaledHeight: Int
    /// Grey pixels left of the scaled picture.
    public let padLeft: Int
    /// Grey pixels above the scaled picture.
    public let padTop: Int

    /// Size of the network's input in bytes: `height * width * 3`.
    public var byteCount: Int { height * width * 3 }

    /// Fits a picture of the given size.
    ///
    /// - Parameters:
    ///   - imageWidth: Width of the picture in pixels, at least 1.
    ///   - imageHeight: Height of the picture in pixels, at least 1.
    ///   - side: Longest side of the network's input in pixels, a multiple of `stride`.
    ///   - shape: Whether the shorter side is as short as it can be, or as long as the other.
    ///   - stride: The network's largest stride in pixels.
    public init(imageWidth: Int, imageHeight: Int, side: Int = 640, shape: Shape = .rectangular, stride: Int = 32) {
        precondition(imageWidth > 0 && imageHeight > 0, "an image has at least one pixel")
        precondition(stride > 0 && side > 0 && side.isMultiple(of: stride), "the side is a multiple of the stride")
        let (sideAcross, sideDown) =
            if case .fixed(let width, let height) = shape { (width, height) } else { (side, side) }
        let scale = min(Double(sideDown) / Double(imageHeight), Double(sideAcross) / Double(imageWidth))

        func fit(_ length: Int, into side: Int) -> (scaled: Int, padded: Int) {
            // The training code lets a very thin picture vanish; here one row or column of it stays.
            let scaled = max(1, Int((Double(length) * scale).rounded(.toNearestOrEven)))
            return (scaled, shape == .rectangular ? scaled + (side - scaled) % stride : side)
        }
        let horizontal = fit(imageWidth, into: sideAcross)
        let vertical = fit(imageHeight, into: sideDown)

        self.imageWidth = imageWidth
        self.imageHeight = imageHeight
        width = horizontal.padded
        height = vertical.padded
        scaledWidth = horizontal.scaled
        scaledHeight = vertical.scaled
        padLeft = (horizontal.padded - horizontal.scaled) / 2
        padTop = (vertical.padded - vertical.scaled) / 2
    }

    /// Writes the picture into the network's input, scaled and padded.
    ///
    /// Scaling is bilinear and gives the bytes of OpenCV's `resize` with `INTER_LINEAR`.
    /// - Parameters:
    ///   - image: A picture of the size that the letterbox was made for.
    ///   - tensor: Receives `[height, width, 3]`, RGB, every byte of it; ``byteCount`` bytes.
    public func draw(_ image: RGBImage, into tensor: UnsafeMutableBufferPointer<UInt8>) {
        draw(ReducedImage(image), into: tensor)
    }

    /// Writes the picture into the network's input, scaled and padded, from fewer pixels than it has.
    ///
    /// Each pixel of the input is interpolated at the place where it is in the whole picture.
    /// - Parameters:
    ///   - image: A picture whose whole size is the one that the letterbox was made for.
    ///   - tensor: Receives `[height, width, 3]`, RGB, every byte of it; ``byteCount`` bytes.
    public func draw(_ image: ReducedImage, into tensor: UnsafeMutableBufferPointer<UInt8>) {
        precondition(image.width == imageWidth && image.height == imageHeight, "made for another size of picture")
        precondition(tensor.count == byteCount, "the tensor holds height * width * 3 bytes")
        pad(tensor)
        let origin = 3 * (padTop * width + padLeft)
        scale(image, into: UnsafeMutableBufferPointer(rebasing: tensor[origin...]))
    }

    /// Takes a box from the network's input back to the picture.
    ///
    /// - Parameter networkBox: Edges in pixels of the network's input.
    /// - Returns: Edges in pixels of the picture, clipped to it.
    public func imageBox(from networkBox: BoundingBox) -> BoundingBox {
        // The training code derives scale and padding anew from the two sizes. They differ from those of the drawing
        // by the rounding to whole pixels, and thresholds were measured with these.
        let gain = min(Double(height) / Double(imageHeight), Double(width) / Double(imageWidth))
        let left = Float((Double(width) - Double(imageWidth) * gain) / 2)
        let top = Float((Double(height) - Double(imageHeight) * gain) / 2)
        return BoundingBox(
            minX: (networkBox.minX - left) / Float(gain),
            minY: (networkBox.minY - top) / Float(gain),
            maxX: (networkBox.maxX - left) / Float(gain),
            maxY: (networkBox.maxY - top) / Float(gain)
        ).clipped(toWidth: Float(imageWidth), height: Float(imageHeight))
    }

    /// Paints what the scaled picture leaves free.
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
