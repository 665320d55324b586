import CCairo
import CPixels
import ObjectDetection

/// A picture that Cairo draws on.
final class Canvas {
    /// Width in pixels.
    let width: Int
    /// Height in pixels.
    let height: Int

    private let surface: OpaquePointer
    private let context: OpaquePointer

    /// Makes a canvas with a copy of a picture.
    ///
    /// - Throws: ``ImageError`` with `tooLarge` if a side is longer than 32,767 pixels, with `encodingFailed` if memory
    ///   runs out.
    init(_ image: RGBImage) throws {
        width = image.width
        height = image.height
        // Neither call returns NULL: on failure, they return an inert object with an error status.
        surface = cairo_image_surface_create(
            CAIRO_FORMAT_RGB24,
            Int32(clamping: image.width),
            Int32(clamping: image.height)
        )
        context = cairo_create(surface)
        try check()

        image.withUnsafePixels { pixels in
            guard let rgb = pixels.baseAddress else { return }
            forEachRow { y, words in pixels_pack_rgb(rgb + 3 * width * y, words, width) }
        }
        cairo_surface_mark_dirty(surface)
    }

    deinit {
        cairo_destroy(context)
        cairo_surface_destroy(surface)
    }

    /// Returns a copy of the canvas.
    ///
    /// - Throws: ``ImageError`` with `encodingFailed` if memory ran out since the canvas was made.
    func image() throws -> RGBImage {
        cairo_surface_flush(surface)
        try check()
        return RGBImage(width: width, height: height) { pixels in
            guard let rgb = pixels.baseAddress else { return }
            forEachRow { y, words in pixels_unpack_rgb(words, rgb + 3 * width * y, width) }
        }
    }

    /// Blends a colour into the pixels of an object, which remain visible.
    ///
    /// - Parameters:
    ///   - mask: A mask for a picture of the canvas's size.
    ///   - color: The colour.
    ///   - opacity: Share of the colour in the result, in `0...1`.
    func tint(_ mask: Mask, color: DrawingColor, opacity: Double) {
        precondition(mask.imageWidth == width && mask.imageHeight == height, "the mask must have this picture's size")
        cairo_surface_flush(surface)
        guard let data = cairo_image_surface_get_data(surface) else { return }
        let stride = Int(cairo_image_surface_get_stride(surface))
        let (color, weight) = (color.hex, UInt32((opacity * 256).rounded()))
        mask.forEachRun { row, columns in
            let words = UnsafeMutableRawPointer(data + stride * (mask.y + row)).assumingMemoryBound(to: UInt32.self)
            pixels_tint(words + mask.x + columns.lowerBound, columns.count, color, weight)
        }
        cairo_surface_mark_dirty(surface)
    }

    /// Draws the outline of a box just inside its edges.
    func strokeBox(_ box: BoundingBox, color: DrawingColor, style: DrawingStyle) {
        // The lines of a small box meet in its middle.
        let inset = min(style.lineWidth, box.width / 2, box.height / 2) / 2
        cairo_rectangle(
            context,
            Double(box.minX + inset),
            Double(box.minY + inset),
            Double(box.width - 2 * inset),
            Double(box.height - 2 * inset)
        )
        cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
        strokeRimmed(color, width: 2 * inset, style: style)
    }

    /// Draws the outlines of a region, in pixels of the canvas, and brightens what is in it.
    func draw(_ region: Region, style: DrawingStyle) {
        for outline in region.outlines {
            cairo_new_sub_path(context)
            for point in outline { cairo_line_to(context, point.x, point.y) }
            cairo_close_path(context)
        }
        cairo_set_fill_rule(context, CAIRO_FILL_RULE_EVEN_ODD)
        cairo_set_source_rgba(context, 1, 1, 1, 0.15)
        cairo_fill_preserve(context)
        cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
        strokeRimmed(.white, width: style.lineWidth, style: style)
    }

    /// Draws a label: a filled rectangle with text on it.
    func draw(_ label: Label, style: DrawingStyle) {
        let frame = label.frame
        cairo_save(context)
        defer { cairo_restore(context) }

        addRoundedRectangle(frame, radius: style.cornerRadius)
        strokeRimmed(label.color, width: 0, style: style)
        addRoundedRectangle(frame, radius: style.cornerRadius)
        setColor(label.color)
        cairo_fill_preserve(context)
        // Clip the text: some scripts stack marks above the line height.
        cairo_clip(context)

        setColor(label.color.counterpart)
        let baseline = frame.minY + style.textInset.height + label.text.baseline
        let nameX = frame.minX + style.textInset.width
        show(label.text.name, x: nameX, baseline: baseline)
        let scoreX = frame.maxX - style.textInset.width - label.text.score.size.width
        show(label.text.score, x: scoreX, baseline: baseline)
    }

    private func show(_ line: TextLine, x: Float, baseline: Float) {
        cairo_move_to(context, Double(x.rounded()), Double((baseline - line.baseline).rounded()))
        line.show(on: context)
    }

    /// Strokes the current path with a rim on either side, so that it stands out from any picture.
    private func strokeRimmed(_ color: DrawingColor, width: Float, style: DrawingStyle) {
        let rim = color.counterpart
        cairo_set_source_rgba(context, rim.red, rim.green, rim.blue, 0.6)
        cairo_set_line_width(context, Double(width + 2 * style.rimWidth))
        cairo_stroke_preserve(context)
        setColor(color)
        cairo_set_line_width(context, Double(width))
        cairo_stroke(context)
    }

    private func setColor(_ color: DrawingColor) {
        cairo_set_source_rgb(context, color.red, color.green, color.blue)
    }

    private func addRoundedRectangle(_ box: BoundingBox, radius: Float) {
        let (minX, minY, maxX, maxY) = (Double(box.minX), Double(box.minY), Double(box.maxX), Double(box.maxY))
        let radius = Double(radius)
        cairo_new_sub_path(context)
        cairo_arc(context, maxX - radius, minY + radius, radius, -.pi / 2, 0)
        cairo_arc(context, maxX - radius, maxY - radius, radius, 0, .pi / 2)
        cairo_arc(context, minX + radius, maxY - radius, radius, .pi / 2, .pi)
        cairo_arc(context, minX + radius, minY + radius, radius, .pi, 3 * .pi / 2)
        cairo_close_path(context)
    }

    /// Calls `body` with each row's index and its `width` words.
    private func forEachRow(_ body: (Int, UnsafeMutablePointer<UInt32>) -> Void) {
        guard let data = cairo_image_surface_get_data(surface) else { return }
        let stride = Int(cairo_image_surface_get_stride(surface))
        for y in 0..<height {
            body(y, UnsafeMutableRawPointer(data + stride * y).assumingMemoryBound(to: UInt32.self))
        }
    }

    private func check() throws {
        let status = cairo_status(context)
        guard status != CAIRO_STATUS_SUCCESS else { return }
        if status == CAIRO_STATUS_INVALID_SIZE {
            throw ImageError(
                .tooLarge,
                "the picture is \(width)x\(height), but drawing allows only 32,767 pixels a side: scale it down"
            )
        }
        throw ImageError(.encodingFailed, "drawing failed: \(String(cString: cairo_status_to_string(status)))")
    }
}
