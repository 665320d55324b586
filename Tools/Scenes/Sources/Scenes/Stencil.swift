import CCairo

/// The pixels that a figure covers: those with their centre inside the figure.
package struct Stencil {
    /// First column and row of the stored region, inside the picture.
    package let x: Int
    package let y: Int
    /// Size of the region in pixels; both may be 0.
    package let width: Int
    package let height: Int
    /// Whether each pixel is covered, `[height, width]`.
    let isCovered: [Bool]

    /// Finds the pixels that a figure covers.
    ///
    /// - Parameters:
    ///   - figure: Figure in pixels of the picture; may extend beyond the picture.
    ///   - outlineWidth: Width of the outline, which also covers pixels; 0 for none.
    ///   - picture: Width and height of the picture in pixels.
    /// - Throws: ``SceneError`` with `drawingFailed` if memory runs out.
    package init(_ figure: Figure, outlineWidth: Double, in picture: (width: Int, height: Int)) throws(SceneError) {
        let (minimum, maximum) = figure.bounds
        let reach = outlineWidth / 2
        func clip(_ value: Double, _ end: Int) -> Int { min(max(Int(value), 0), end) }
        x = clip((minimum.x - reach).rounded(.down), picture.width)
        y = clip((minimum.y - reach).rounded(.down), picture.height)
        width = clip((maximum.x + reach).rounded(.up), picture.width) - x
        height = clip((maximum.y + reach).rounded(.up), picture.height) - y

        let surface = cairo_image_surface_create(CAIRO_FORMAT_A8, Int32(clamping: width), Int32(clamping: height))
        defer { cairo_surface_destroy(surface) }
        let context: OpaquePointer = cairo_create(surface)
        defer { cairo_destroy(context) }
        cairo_set_antialias(context, CAIRO_ANTIALIAS_NONE)
        cairo_set_fill_rule(context, CAIRO_FILL_RULE_EVEN_ODD)
        cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
        cairo_set_line_width(context, outlineWidth)
        cairo_set_source_rgba(context, 0, 0, 0, 1)
        cairo_translate(context, -Double(x), -Double(y))
        figure.trace(on: context)
        cairo_fill_preserve(context)
        if outlineWidth > 0 { cairo_stroke(context) }
        cairo_surface_flush(surface)

        let status = cairo_status(context)
        guard status == CAIRO_STATUS_SUCCESS else {
            throw SceneError(.drawingFailed, "Could not draw: \(String(cString: cairo_status_to_string(status))).")
        }
        var isCovered: [Bool] = []
        isCovered.reserveCapacity(width * height)
        let bytesPerRow = Int(cairo_image_surface_get_stride(surface))
        if let alpha = cairo_image_surface_get_data(surface) {
            for row in 0..<height {
                for column in 0..<width { isCovered.append(alpha[row * bytesPerRow + column] != 0) }
            }
        }
        precondition(isCovered.count == width * height, "a valid surface must have pixels")
        self.isCovered = isCovered
    }

    /// Calls `body` with the column and row of each covered pixel, row by row.
    package func forEachPixel(_ body: (_ x: Int, _ y: Int) -> Void) {
        for row in 0..<height {
            for column in 0..<width where isCovered[row * width + column] { body(x + column, y + row) }
        }
    }

    /// Number of covered pixels.
    package var area: Int { isCovered.count { $0 } }

    package func covers(x: Int, y: Int) -> Bool {
        let (column, row) = (x - self.x, y - self.y)
        guard (0..<width).contains(column), (0..<height).contains(row) else { return false }
        return isCovered[row * width + column]
    }
}
