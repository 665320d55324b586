/// A picture decoded at reduced resolution.
///
/// Each pixel is about the mean of `reduction` by `reduction` pixels of the full picture, counted from its top left
/// corner; the last column and the last row may cover fewer.
package struct ReducedImage: Sendable {
    /// The pixels: `[ceil(height / reduction), ceil(width / reduction), 3]`.
    package let pixels: RGBImage
    /// How many pixels of the full picture each pixel covers in either direction: 1, 2, 4 or 8.
    package let reduction: Int
    /// Width of the full picture in pixels, upright.
    package let width: Int
    /// Height of the full picture in pixels, upright.
    package let height: Int
    /// Whether pixels are missing because the file is cut off; see ``DecodingOptions/acceptsTruncated``.
    package let isTruncated: Bool

    /// Wraps a picture of full size; the reduction is 1.
    package init(_ image: RGBImage) {
        self.init(pixels: image, reduction: 1, width: image.width, height: image.height)
    }

    package init(pixels: RGBImage, reduction: Int, width: Int, height: Int, isTruncated: Bool = false) {
        precondition(pixels.width == (width + reduction - 1) / reduction, "needs ceil(width / reduction) columns")
        precondition(pixels.height == (height + reduction - 1) / reduction, "needs ceil(height / reduction) rows")
        self.pixels = pixels
        self.reduction = reduction
        self.width = width
        self.height = height
        self.isTruncated = isTruncated
    }
}
