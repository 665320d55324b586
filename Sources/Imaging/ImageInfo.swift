/// What a picture's header says.
public struct ImageInfo: Hashable, Sendable {
    /// The format that its bytes are in.
    public var format: ImageFormat
    /// Width in pixels of the upright picture, at least 1.
    public var width: Int
    /// Height in pixels of the upright picture, at least 1.
    public var height: Int

    /// Makes a description.
    public init(format: ImageFormat, width: Int, height: Int) {
        self.format = format
        self.width = width
        self.height = height
    }
}
