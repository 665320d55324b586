/// A picture in fewer pixels than it has, for who would scale it down anyway.
///
/// Each pixel is about the mean of `reduction` by `reduction` of the whole picture's, counted from its top left corner;
/// the last column and the last row may stand for fewer.
public struct ReducedImage: Sendable {
    /// The pixels: `[ceil(height / reduction), ceil(width / reduction), 3]`.
    public let pixels: RGBImage
    /// How many pixels of the whole picture one of these spans, across as down: 1, 2, 4 or 8.
    public let reduction: Int
    /// Width of the whole picture in pixels, upright.
    public let width: Int
    /// Height of the whole picture in pixels, upright.
    public let height: Int

    /// The whole picture itself.
    public init(_ image: RGBImage) {
        self.init(pixels: image, reduction: 1, width: image.width, height: image.height)
    }

    init(pixels: RGBImage, reduction: Int, width: Int, height: Int) {
        precondition(pixels.width == (width + reduction - 1) / reduction, "a reduced picture has as many columns")
        precondition(pixels.height == (height + reduction - 1) / reduction, "a reduced picture has as many rows")
        self.pixels = pixels
        self.reduction = reduction
        self.width = width
        self.height = height
    }
}
