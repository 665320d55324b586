/// Format and size of a picture, as read from its header.
public struct ImageInfo: Hashable, Sendable {
    /// Format of the file.
    public var format: ImageFormat
    /// Width in pixels of the upright picture, at least 1.
    public var width: Int
    /// Height in pixels of the upright picture, at least 1.
    public var height: Int

    package init(format: ImageFormat, width: Int, height: Int) {
        self.format = format
        self.width = width
        self.height = height
    }
}
