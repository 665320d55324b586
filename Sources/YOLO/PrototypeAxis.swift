#if canImport(Glibc)
    // Without its mathematical functions `rounded` does not link.
    internal import Glibc
#endif

/// Where the pixels of a picture lie between the prototypes of a network, along one axis.
///
/// Pixels are interpolated between two neighbouring prototypes; beyond the outermost these are continued.
/// - SeeAlso: PyTorch, `interpolate`, `mode='bilinear'`, `align_corners=False`, whose single precision this is.
struct PrototypeAxis {
    /// Length of the picture in pixels.
    let imageLength: Int
    /// The prototypes that are not of the padding; not empty.
    let prototypes: Range<Int>
    /// Prototypes by pixel.
    private let scale: Float

    /// Cuts off the padding.
    ///
    /// - Parameters:
    ///   - count: Number of prototypes, at least 1.
    ///   - imageLength: Length of the picture in pixels.
    ///   - gain: Prototypes by pixel before rounding, of the axis that has least of them.
    init(count: Int, imageLength: Int, gain: Double) {
        // Whole prototypes are cut off, the fraction of one that the padding may end with is not.
        let padding = max(0, (Double(count) - Double(imageLength) * gain) / 2)
        let first = min(Int(padding), count - 1)
        self.imageLength = imageLength
        prototypes = first..<max(first + 1, Int(Double(count) - padding))
        scale = Float(prototypes.count) / Float(imageLength)
    }

    /// The pixels whose number is in `start..<end`.
    func pixels(from start: Float, to end: Float) -> Range<Int> {
        // An edge that is no number is in no order.
        guard start < end else { return 0..<0 }
        let length = Float(imageLength)
        let first = Int(min(max(start, 0), length).rounded(.up))
        return first..<max(first, Int(min(max(end, 0), length).rounded(.up)))
    }

    /// The prototype before a pixel, and the weight in `0..<1` of the one behind it.
    func sample(_ pixel: Int) -> (near: Int, farWeight: Float) {
        let place = max(0, scale * (Float(pixel) + 0.5) - 0.5)
        let near = Int(place)
        guard near < prototypes.count - 1 else { return (prototypes.upperBound - 1, 0) }
        return (prototypes.lowerBound + near, place - Float(near))
    }

    /// The prototypes that pixels, at least one of them, are interpolated between.
    func prototypes(around pixels: Range<Int>) -> Range<Int> {
        let last = sample(pixels.upperBound - 1).near + 1
        return sample(pixels.lowerBound).near..<min(last + 1, prototypes.upperBound)
    }
}
