import ObjectDetection

/// A label, set and placed.
struct Label {
    /// What it says.
    let text: Typesetter.Text
    /// Where it is, inside the picture.
    let frame: BoundingBox
    /// What it is filled with.
    let color: DrawingColor
}
