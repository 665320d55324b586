/// Changes made to a picture before detection.
///
/// The steps are always applied in this order: crop, rotate, flip, scale, convert to grey.
package struct PictureTransform: Hashable, Sendable {
    /// A region of a picture, in whole pixels of the upright original.
    package struct Crop: Hashable, Sendable {
        /// Left edge, from 0.
        package var x: Int
        /// Upper edge, from 0.
        package var y: Int
        /// Width, at least 1.
        package var width: Int
        /// Height, at least 1.
        package var height: Int

        /// Makes a region; applying it checks whether it lies inside the picture.
        package init(x: Int, y: Int, width: Int, height: Int) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    /// A clockwise rotation by a multiple of 90 degrees; the raw value is in degrees.
    package enum Rotation: Int, Hashable, Sendable, CaseIterable {
        /// No rotation.
        case none = 0
        /// The left side becomes the top.
        case quarter = 90
        /// The bottom becomes the top.
        case half = 180
        /// The right side becomes the top.
        case threeQuarters = 270
    }

    /// A reflection.
    package enum Flip: String, Hashable, Sendable, CaseIterable {
        /// Swaps left and right.
        case horizontal
        /// Swaps top and bottom.
        case vertical
    }

    /// Accepted scaling factors.
    package static let scalingFactors = 0.25...1.0

    /// The region to keep, or `nil` for the complete picture.
    package var crop: Crop?
    /// The rotation.
    package var rotation: Rotation
    /// The reflection, applied after the rotation.
    package var flip: Flip?
    /// Ratio of the new side to the old, in `0.25...1`; a side becomes `max(1, (side * factor).rounded())` pixels.
    package var scalingFactor: Double
    /// Whether to convert colours to grey of the same luminance.
    package var grayscale: Bool

    /// Makes a transform; without arguments, it changes nothing.
    package init(
        crop: Crop? = nil,
        rotation: Rotation = .none,
        flip: Flip? = nil,
        scalingFactor: Double = 1,
        grayscale: Bool = false
    ) {
        self.crop = crop
        self.rotation = rotation
        self.flip = flip
        self.scalingFactor = scalingFactor
        self.grayscale = grayscale
    }

    /// Whether the transform changes nothing.
    package var isIdentity: Bool { self == PictureTransform() }
}
