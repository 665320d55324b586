/// One object detected in a picture.
package struct Detection: Hashable, Sendable {
    /// Bounding box, in pixels of the input picture.
    package var box: BoundingBox
    /// Confidence score, in `0...1`; for YOLOv5, objectness times class probability.
    package var score: Float
    /// Index of the class in the model's ``LabelMap``.
    package var classID: Int
    /// Pixels of the object; nil if the model has no masks or they were not requested.
    package var mask: Mask?

    package init(box: BoundingBox, score: Float, classID: Int, mask: Mask? = nil) {
        self.box = box
        self.score = score
        self.classID = classID
        self.mask = mask
    }
}
