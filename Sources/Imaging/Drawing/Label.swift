import ObjectDetection

/// A label with its text laid out and its place chosen.
struct Label {
    /// The text.
    let text: Typesetter.Text
    /// The rectangle, inside the picture.
    let frame: BoundingBox
    /// The fill colour.
    let color: DrawingColor
}
