package import ObjectDetection

/// Draws detections on their picture: for each, a box with its class and score, and its mask.
///
/// A class has the same colour in every picture. Lines and text scale with the picture. Masks are translucent and below
/// all boxes; labels are above all boxes. Weaker detections are drawn first, so that the strongest are on top. If no
/// font is installed, boxes have no labels.
///
/// Drawing is synchronous and thread-safe. The first call in a process also loads the fonts, which takes a few
/// milliseconds, or seconds if the system has not indexed them yet.
package struct DetectionPainter: Sendable {
    private let labels: LabelMap

    /// Makes a painter with the given class names.
    ///
    /// - Parameter labels: Class names; any text is drawn literally.
    package init(labels: LabelMap) {
        self.labels = labels
    }

    /// Draws detections on a copy of a picture.
    ///
    /// - Parameters:
    ///   - detections: Detections in any order, in pixels of the picture. Parts outside the picture are not drawn, nor
    ///     are masks made for another picture size.
    ///   - numbers: For each detection, a number that its label shows; empty for none.
    ///   - zones: Regions to draw below all detections, in pixels of the picture.
    ///   - image: The picture; it is not changed.
    /// - Returns: A new picture of the same size.
    /// - Throws: ``ImageError`` with ``ImageError/Code/tooLarge`` if a side is longer than 32,767 pixels, and with
    ///   ``ImageError/Code/encodingFailed`` if memory runs out; `CancellationError` soon after the task is cancelled.
    package func draw(
        _ detections: [Detection],
        numbers: [Int?] = [],
        zones: [Region] = [],
        on image: RGBImage
    ) throws -> RGBImage {
        let canvas = try Canvas(image)
        let marks =
            detections.enumerated()
            .compactMap { index, detection in
                let number = numbers.isEmpty ? nil : numbers[index]
                return Mark(detection, number: number, imageWidth: image.width, imageHeight: image.height)
            }
            .sorted { $0.score < $1.score }
        let style = DrawingStyle(
            imageWidth: image.width,
            imageHeight: image.height,
            boxHeights: marks.map(\.frame.height)
        )

        for zone in zones { canvas.draw(zone, style: style) }
        for mark in marks {
            guard let mask = mark.mask else { continue }
            // Hundreds of masks in a huge picture take a while.
            try Task.checkCancellation()
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

    /// Lays out and places the labels, the strongest first; returns them weakest first.
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
            let name = labels[mark.classID] + (mark.number.map { " \($0)" } ?? "")
            let text = typesetter.set(name: name, score: mark.score, width: widest)
            let place = placement.place(width: text.width, height: lineHeight, beside: mark.frame)
            return Label(text: text, frame: place, color: mark.color)
        }
        return strongestFirst.reversed()
    }
}

/// A detection prepared for drawing.
private struct Mark {
    /// The part of the box inside the picture, its edges aligned to the boundaries between pixels.
    let frame: BoundingBox
    let mask: Mask?
    let score: Float
    let classID: Int
    let number: Int?
    let color: DrawingColor

    /// Returns nil if no part of the box is inside the picture.
    init?(_ detection: Detection, number: Int?, imageWidth: Int, imageHeight: Int) {
        let box = detection.box
        guard !box.minX.isNaN, !box.minY.isNaN, !box.maxX.isNaN, !box.maxY.isNaN else { return nil }
        let visible = box.clipped(toWidth: Float(imageWidth), height: Float(imageHeight))
        guard visible.width > 0, visible.height > 0 else { return nil }

        // Lines that start at the boundary between two pixels are sharp.
        frame = BoundingBox(
            minX: visible.minX.rounded(.down),
            minY: visible.minY.rounded(.down),
            maxX: visible.maxX.rounded(.up),
            maxY: visible.maxY.rounded(.up)
        )
        let fits = detection.mask?.imageWidth == imageWidth && detection.mask?.imageHeight == imageHeight
        mask = fits ? detection.mask : nil
        // `minimum` and `maximum` return the number if the score is NaN.
        score = Float.minimum(Float.maximum(detection.score, 0), 1)
        classID = detection.classID
        self.number = number
        color = .ofClass(detection.classID)
    }
}
