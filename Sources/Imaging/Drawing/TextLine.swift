import CCairo

/// A line of text in one font, a `PangoLayout`; not thread-safe, see ``Typesetter``.
final class TextLine {
    private let layout: OpaquePointer

    private init(_ layout: OpaquePointer) {
        self.layout = layout
    }

    /// Makes an empty line; nil if no font is installed.
    ///
    /// - Parameters:
    ///   - context: A `PangoContext`.
    ///   - fontSize: Height of the font's em in pixels.
    ///   - weight: Weight of the font.
    convenience init?(context: OpaquePointer, fontSize: Float, weight: PangoWeight) {
        let description = pango_font_description_new()
        defer { pango_font_description_free(description) }
        pango_font_description_set_family(description, "sans-serif")
        pango_font_description_set_weight(description, weight)
        pango_font_description_set_absolute_size(description, Double(fontSize) * Double(PANGO_SCALE))

        // Without a font, Pango would draw a numbered box for every letter.
        guard let font = pango_context_load_font(context, description) else { return nil }
        g_object_unref(font)
        guard let layout = pango_layout_new(context) else { return nil }
        pango_layout_set_font_description(layout, description)
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END)
        pango_layout_set_single_paragraph_mode(layout, 1)
        // Otherwise a line of Arabic or Hebrew would be aligned to the right edge of its maximum width.
        pango_layout_set_auto_dir(layout, 0)
        self.init(layout)
    }

    deinit { g_object_unref(UnsafeMutableRawPointer(layout)) }

    /// Returns another line in the same font.
    func copy() -> TextLine {
        TextLine(pango_layout_copy(layout))
    }

    /// Size in pixels.
    var size: (width: Float, height: Float) {
        var (width, height) = (Int32(0), Int32(0))
        pango_layout_get_size(layout, &width, &height)
        return (Float(width) / Float(PANGO_SCALE), Float(height) / Float(PANGO_SCALE))
    }

    /// Distance of the baseline from the top, in pixels.
    var baseline: Float { Float(pango_layout_get_baseline(layout)) / Float(PANGO_SCALE) }

    /// Sets the text, which is drawn literally.
    ///
    /// - Parameters:
    ///   - text: Text without control characters.
    ///   - width: Maximum width in pixels, beyond which the text ends in an ellipsis; nil for no limit.
    func set(_ text: String, width: Float? = nil) {
        pango_layout_set_width(layout, width.map { Int32($0 * Float(PANGO_SCALE)) } ?? -1)
        pango_layout_set_text(layout, text, -1)
    }

    /// Draws the line with its top left corner at the current point of a Cairo context, in its current colour.
    func show(on context: OpaquePointer) {
        pango_cairo_show_layout(context, layout)
    }
}
