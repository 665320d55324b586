/// Sizes of the elements drawn on one picture, in pixels.
struct DrawingStyle {
    /// Width of a box's line, in whole pixels.
    let lineWidth: Float
    /// Width of the rim on either side of a line; without it, the line would vanish on the same colour.
    let rimWidth: Float
    /// Height of the font's em, in whole pixels so that the font caches hold few sizes.
    let fontSize: Float
    /// Space to the left and right of a label's text (width), and above and below it (height).
    let textInset: (width: Float, height: Float)
    /// Radius of a label's corners.
    let cornerRadius: Float

    /// Share of the class's colour in an object's pixels, in `0...1`.
    let maskOpacity = 0.4

    /// Maximum width of a label that is wider than its box.
    var maximumLabelWidth: Float { 16 * fontSize }
    /// Labels are left out of pictures narrower than this.
    var minimumLabelWidth: Float { 5 * fontSize }

    /// Makes sizes that grow with the picture; many small boxes get finer lines and smaller text.
    ///
    /// - Parameters:
    ///   - imageWidth: Width of the picture in pixels.
    ///   - imageHeight: Height of the picture in pixels.
    ///   - boxHeights: Heights of all boxes in pixels.
    init(imageWidth: Int, imageHeight: Int, boxHeights: [Float]) {
        let side = Float(imageWidth + imageHeight) / 2
        let median = boxHeights.sorted().dropFirst(boxHeights.count / 2).first ?? 0
        let largest = max(12, side * 0.025)
        let smallest = max(11, side * 0.018)
        fontSize = min(max(median * 0.2, smallest), largest).rounded()
        lineWidth = max(2, (fontSize * 0.2).rounded())
        rimWidth = max(1, (lineWidth * 0.3).rounded())
        textInset = ((fontSize * 0.4).rounded(), (fontSize * 0.1).rounded())
        cornerRadius = (fontSize * 0.2).rounded()
    }
}
