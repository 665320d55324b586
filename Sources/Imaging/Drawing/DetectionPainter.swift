public import ObjectDetection

/// Draws detections on the picture that they were found in: a box each, with its class and score, over its mask.
///
/// A class has the same colour in every picture. Lines and text grow with the picture. Masks are translucent, boxes
/// over all of them. Weaker detections are drawn first, so that the strongest are on top, and labels over all boxes.
/// Where no font is installed, boxes have no label.
///
/// Painting is synchronous and may happen on many threads at once. The first of a process also loads the fonts, which
/// takes some milliseconds, or seconds where the system has not yet indexed them.
public struct DetectionPainter: Sendable {
    private let labels: LabelMap

    /// Makes a painter.
    ///
    /// - Parameter labels: Names of the classes; may hold any text, which is drawn literally.
    public init(labels: LabelMap) {
        self.labels = labels
    }

    /// Draws detections on a copy of a picture.
    ///
    /// - Parameters:
    ///   - detections: In any order, in pixels of the picture. What lies outside of it is not drawn, nor is the mask of
    ///     a picture of another size.
    ///   - image: The picture; it stays as it is.
    /// - Returns: A new picture of the same size.
    /// - Throws: ``ImageError`` with ``ImageError/Code/tooLarge`` where a side is longer than 32,767 pixels, and with
    ///   ``ImageError/Code/encodingFailed`` where memory runs out.
    public func draw(_ detections: [Detection], on image: RGBImage) throws -> RGBImage {
        let canvas = try Canvas(image)
        let marks =
            detections
            .compactMap { Mark($0, imageWidth: image.width, imageHeight: image.height) }
            .sorted { $0.score < $1.score }
        let style = DrawingStyle(
            imageWidth: image.width,
            imageHeight: image.height,
            boxHeights: marks.map(\.frame.height)
        )

        for mark in marks {
            guard let mask = mark.mask else { continue }
            canvas.tint(mask, color: mark.color, opacity: style.maskOpacity)
        }
        for mark in marks {
            canvas.strokeBox(mark.frame, color: mark.color, style: style)
        }
        if !marks.isEmpty {
            Typesetter.withTypesetter(style: style) { typesetter in
                for label in placedLabels(of: marks, on: canvas, style: style, typesetter: typesetter) {
                    canvas.draw(label, style: style)
                }
            }
        }
        return try canvas.image()
    }

    /// Sets the labels and finds a place for each, the strongest first; weakest first in the result.
    private func placedLabels(
        of marks: [Mark],
        on canvas: Canvas,
        style: DrawingStyle,
        typesetter: Typesetter
    ) -> [Label] {
        let lineHeight = typesetter.lineHeight + 2 * style.textInset.height
        guard lineHeight <= Float(canvas.height), style.minimumLabelWidth <= Float(canvas.width) else { return [] }

        var placement = LabelPlacement(imageWidth: Float(canvas.width), imageHeight: Float(canvas.height))
        let strongestFirst = marks.reversed().map { mark in
            let widest = min(Float(canvas.width), max(mark.frame.width, style.maximumLabelWidth))
            let text = typesetter.set(name: labels[mark.classID], score: mark.score, width: widest)
            let place = placement.place(width: text.width, height: lineHeight, beside: mark.frame)
            return Label(text: text, frame: place, color: mark.color)
        }
        return strongestFirst.reversed()
    }
}

/// A detection as it is drawn.
private struct Mark {
    /// The box, inside the picture, its edges between pixels.
    let frame: BoundingBox
    let mask: Mask?
    let score: Float
    let classID: Int
    let color: DrawingColor

    /// Nil where nothing of the box is inside the picture.
    init?(_ detection: Detection, imageWidth: Int, imageHeight: Int) {
        let box = detection.box
        guard !box.minX.isNaN, !box.minY.isNaN, !box.maxX.isNaN, !box.maxY.isNaN else { return nil }
        let visible = box.clipped(toWidth: Float(imageWidth), height: Float(imageHeight))
        guard visible.width > 0, visible.height > 0 else { return nil }

        // Lines that start between two pixels are sharp.
        frame = BoundingBox(
            minX: visible.minX.rounded(.down),
            minY: visible.minY.rounded(.down),
            maxX: visible.maxX.rounded(.up),
            maxY: visible.maxY.rounded(.up)
        )
        let fits = detection.mask?.imageWidth == imageWidth && detection.mask?.imageHeight == imageHeight
        mask = fits ? detection.mask : nil
        // `minimum` and `maximum` prefer the number where the score is none.
        score = Float.minimum(Float.maximum(detection.score, 0), 1)
        classID = detection.classID
        color = .ofClass(detection.classID)
    }
}
