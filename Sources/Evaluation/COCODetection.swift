package import ObjectDetection

/// One detected object, with its category in the ground truth.
package struct COCODetection: Hashable, Sendable {
    /// Id of the category in the ground truth.
    package var categoryID: Int
    /// Confidence score; higher scores rank first.
    package var score: Float
    /// Bounding box, in pixels of the picture.
    package var box: COCOBox
    /// Pixels of the object; required if masks are evaluated.
    package var mask: RunLengthMask?

    package init(categoryID: Int, score: Float, box: COCOBox, mask: RunLengthMask? = nil) {
        self.categoryID = categoryID
        self.score = score
        self.box = box
        self.mask = mask
    }

    /// Converts a model's detection; nil if its class is not a category of the ground truth.
    package init?(_ detection: Detection, mask: RunLengthMask? = nil, mapping: CategoryMapping) {
        guard let categoryID = mapping[detection.classID] else { return nil }
        self.init(categoryID: categoryID, score: detection.score, box: COCOBox(detection.box), mask: mask)
    }
}
