/// What is done to a picture before objects are looked for in it.
///
/// The steps are always done in this order: crop, rotate, flip, scale, take the colour out.
public struct PictureTransform: Hashable, Sendable {
    /// A part of a picture, in whole pixels of the upright original.
    public struct Crop: Hashable, Sendable {
        /// Left edge, from 0.
        public var x: Int
        /// Upper edge, from 0.
        public var y: Int
        /// Width, at least 1.
        public var width: Int
        /// Height, at least 1.
        public var height: Int

        /// Makes a part; whether it lies in a picture shows when it is applied to one.
        public init(x: Int, y: Int, width: Int, height: Int) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    /// A turn by a multiple of a right angle, clockwise; the raw value is in degrees.
    public enum Rotation: Int, Hashable, Sendable, CaseIterable {
        /// As it is.
        case none = 0
        /// The left side comes to the top.
        case quarter = 90
        /// The bottom comes to the top.
        case half = 180
        /// The right side comes to the top.
        case threeQuarters = 270
    }

    /// A reflection.
    public enum Flip: String, Hashable, Sendable, CaseIterable {
        /// Left and right change places.
        case horizontal
        /// Top and bottom change places.
        case vertical
    }

    /// The scaling factors that are taken.
    public static let scalingFactors = 0.25...1.0

    /// The part to keep, or `nil` for the whole.
    public var crop: Crop?
    /// The turn.
    public var rotation: Rotation
    /// The reflection, after the turn.
    public var flip: Flip?
    /// New side over old side, in `0.25...1`; a side becomes `max(1, (side * factor).rounded())` pixels.
    public var scalingFactor: Double
    /// Whether colours become the grey of the same luminance.
    public var grayscale: Bool

    /// Makes a transform; without arguments it leaves a picture as it is.
    public init(
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

    /// Whether every picture stays as it is.
    public var isIdentity: Bool { self == PictureTransform() }
}
