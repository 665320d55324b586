/// A picture decoded at reduced resolution, or a part of one at full resolution.
///
/// Each pixel is about the mean of `reduction` by `reduction` pixels of the full picture, counted from its top left
/// corner; the last column and the last row may cover fewer.
package struct ReducedImage: Sendable {
    /// The pixels: `[ceil(height / reduction), ceil(width / reduction), 3]`, or more of which this is a part.
    package let pixels: RGBImage
    /// First column of the part in ``pixels``.
    package let left: Int
    /// First row of the part in ``pixels``.
    package let top: Int
    /// How many pixels of the full picture each pixel covers in either direction: 1, 2, 4 or 8.
    package let reduction: Int
    /// Width of the full picture in pixels, upright, or of the part.
    package let width: Int
    /// Height of the full picture in pixels, upright, or of the part.
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
        (left, top) = (0, 0)
        self.reduction = reduction
        self.width = width
        self.height = height
        self.isTruncated = isTruncated
    }

    /// Takes a part of a picture of full resolution, without copying its pixels.
    ///
    /// - Precondition: The columns and rows are inside the picture, and not empty.
    package init(_ image: RGBImage, columns: Range<Int>, rows: Range<Int>) {
        precondition(!columns.isEmpty && columns.lowerBound >= 0 && columns.upperBound <= image.width, "needs columns")
        precondition(!rows.isEmpty && rows.lowerBound >= 0 && rows.upperBound <= image.height, "needs rows")
        pixels = image
        (left, top) = (columns.lowerBound, rows.lowerBound)
        reduction = 1
        (width, height) = (columns.count, rows.count)
        isTruncated = false
    }

    /// Number of columns of ``pixels`` that belong to the picture or part.
    var columns: Int { (width + reduction - 1) / reduction }
    /// Number of rows of ``pixels`` that belong to the picture or part.
    var rows: Int { (height + reduction - 1) / reduction }
}
