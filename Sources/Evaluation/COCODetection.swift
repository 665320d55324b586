public import ObjectDetection

/// One object that a model found, in the words of the ground truth.
public struct COCODetection: Hashable, Sendable {
    /// The id of its category in the ground truth.
    public var categoryID: Int
    /// How sure the model is.
    public var score: Float
    /// Where it is, in pixels of the picture.
    public var box: COCOBox
    /// Its pixels, which an evaluation of masks needs.
    public var mask: RunLengthMask?

    /// Makes a detection.
    public init(categoryID: Int, score: Float, box: COCOBox, mask: RunLengthMask? = nil) {
        self.categoryID = categoryID
        self.score = score
        self.box = box
        self.mask = mask
    }

    /// Makes a detection from that of a model, or nil where its class is no category of the ground truth.
    public init?(_ detection: Detection, mask: RunLengthMask? = nil, mapping: CategoryMapping) {
        guard let categoryID = mapping[detection.classID] else { return nil }
        self.init(categoryID: categoryID, score: detection.score, box: COCOBox(detection.box), mask: mask)
    }
}
