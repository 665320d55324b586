#if canImport(Glibc)
    // `rounded` does not link without its mathematical functions.
    internal import Glibc
#endif

/// Positions of a picture's pixels between the prototypes of a network, along one axis.
///
/// Pixels are interpolated between two neighbouring prototypes; beyond the outermost prototypes, these are repeated.
/// The arithmetic is that of PyTorch in single precision.
/// - SeeAlso: PyTorch, `interpolate`, `mode='bilinear'`, `align_corners=False`.
struct PrototypeAxis {
    /// Length of the picture in pixels.
    let imageLength: Int
    /// Prototypes that do not belong to the padding; not empty.
    let prototypes: Range<Int>
    /// Prototypes per pixel.
    private let scale: Float
    /// Position of the picture's edge in ``prototypes``.
    private let offset: Float

    /// Creates an axis without the prototypes of the padding, as YOLOv5 computes them.
    ///
    /// - Parameters:
    ///   - count: Number of prototypes, at least 1.
    ///   - imageLength: Length of the picture in pixels.
    ///   - gain: Prototypes per pixel before rounding, on the axis that has the fewest.
    init(count: Int, imageLength: Int, gain: Double) {
        // Only complete prototypes are cut off; one that the padding covers partially is kept.
        let padding = max(0, (Double(count) - Double(imageLength) * gain) / 2)
        let first = min(Int(padding), count - 1)
        self.imageLength = imageLength
        prototypes = first..<max(first + 1, Int(Double(count) - padding))
        scale = Float(prototypes.count) / Float(imageLength)
        offset = 0
    }

    /// Creates an axis whose pixels lie where the picture was drawn.
    ///
    /// - Parameters:
    ///   - count: Number of prototypes, at least 1.
    ///   - imageLength: Length of the picture in pixels.
    ///   - scaledLength: Length of the scaled picture in pixels of the network's input.
    ///   - padding: Pixels of the network's input before it.
    ///   - inputLength: Length of the network's input in pixels.
    init(count: Int, imageLength: Int, scaledLength: Int, padding: Int, inputLength: Int) {
        let density = Double(count) / Double(inputLength)
        let (start, end) = (Double(padding) * density, Double(padding + scaledLength) * density)
        let first = min(Int(start), count - 1)
        self.imageLength = imageLength
        prototypes = first..<max(first + 1, min(count, Int(end.rounded(.up))))
        scale = Float((end - start) / Double(imageLength))
        offset = Float(start - Double(first))
    }

    /// Returns the pixels with an index in `start..<end`.
    func pixels(from start: Float, to end: Float) -> Range<Int> {
        // NaN edges do not compare.
        guard start < end else { return 0..<0 }
        let length = Float(imageLength)
        let first = Int(min(max(start, 0), length).rounded(.up))
        return first..<max(first, Int(min(max(end, 0), length).rounded(.up)))
    }

    /// Returns the prototype before a pixel, and the weight of the prototype after it, in `0..<1`.
    func sample(_ pixel: Int) -> (near: Int, farWeight: Float) {
        let place = max(0, scale * (Float(pixel) + 0.5) + offset - 0.5)
        let near = Int(place)
        guard near < prototypes.count - 1 else { return (prototypes.upperBound - 1, 0) }
        return (prototypes.lowerBound + near, place - Float(near))
    }

    /// Returns the prototypes that a non-empty range of pixels is interpolated from.
    func prototypes(around pixels: Range<Int>) -> Range<Int> {
        let last = sample(pixels.upperBound - 1).near + 1
        return sample(pixels.lowerBound).near..<min(last + 1, prototypes.upperBound)
    }
}
