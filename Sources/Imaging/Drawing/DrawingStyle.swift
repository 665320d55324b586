/// Sizes of what is drawn, in pixels, for one picture.
struct DrawingStyle {
    /// Width of a box's line; whole pixels.
    let lineWidth: Float
    /// Width of the rim on either side of a line, without which it would vanish on its own colour.
    let rimWidth: Float
    /// Height of the font's em; whole pixels, so that few sizes stay in the font caches.
    let fontSize: Float
    /// Space left and right of a label's text, and above and below it.
    let textInset: (width: Float, height: Float)
    /// Radius of a label's corners.
    let cornerRadius: Float

    /// How much of an object's pixels is its colour, in `0...1`.
    let maskOpacity = 0.4

    /// Labels of small boxes are cut here.
    var maximumLabelWidth: Float { 16 * fontSize }
    /// Pictures narrower than this have no room for a label.
    var minimumLabelWidth: Float { 5 * fontSize }

    /// Everything grows with the picture; crowds of small boxes get finer lines and smaller text.
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
