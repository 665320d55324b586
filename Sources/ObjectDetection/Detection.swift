/// One object found in a picture.
public struct Detection: Hashable, Sendable {
    /// Where it is, in pixels of the picture that was looked at.
    public var box: BoundingBox
    /// How sure the model is, in `0...1`: objectness times class probability for YOLOv5.
    public var score: Float
    /// Index of its class in the model's ``LabelMap``.
    public var classID: Int
    /// Which pixels are its own; nil where the model does not tell, or was not asked to.
    public var mask: Mask?

    /// Makes a detection.
    public init(box: BoundingBox, score: Float, classID: Int, mask: Mask? = nil) {
        self.box = box
        self.score = score
        self.classID = classID
        self.mask = mask
    }
}
