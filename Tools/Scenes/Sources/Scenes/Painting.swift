import CCairo

/// A picture that is painted with Cairo.
final class Painting {
    /// Width in pixels.
    let width: Int
    /// Height in pixels.
    let height: Int

    private let surface: OpaquePointer
    private let context: OpaquePointer

    /// Creates a black picture.
    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        // Neither call returns NULL: on failure they return an inert object with an error status.
        surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(clamping: width), Int32(clamping: height))
        context = cairo_create(surface)
        cairo_set_fill_rule(context, CAIRO_FILL_RULE_EVEN_ODD)
        cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
        cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND)
    }

    deinit {
        cairo_destroy(context)
        cairo_surface_destroy(surface)
    }

    /// Width and height in pixels.
    var size: (width: Int, height: Int) { (width, height) }

    /// Width and height in pixels as a vector.
    var extent: Point { Point(Double(width), Double(height)) }

    /// Centre of the picture.
    var center: Point { extent / 2 }

    /// Fills the complete picture.
    func cover(with paint: Paint) {
        use(paint)
        cairo_paint(context)
    }

    func fill(_ figure: Figure, with paint: Paint) {
        figure.trace(on: context)
        use(paint)
        cairo_fill(context)
    }

    func stroke(_ figure: Figure, width: Double, color: Color) {
        figure.trace(on: context)
        use(.color(color))
        cairo_set_line_width(context, width)
        cairo_stroke(context)
    }

    /// Draws a smooth curve through points.
    ///
    /// - Parameters:
    ///   - points: Points of the curve, at least one.
    ///   - width: Line width in pixels.
    ///   - color: Line colour.
    ///   - opacity: Opacity in `0...1`.
    func drawCurve(through points: [Point], width: Double, color: Color, opacity: Double = 1) {
        cairo_new_path(context)
        for (index, point) in points.enumerated() {
            // In a Catmull-Rom spline, the tangent at a point is parallel to the line between its neighbours.
            func tangent(_ index: Int) -> Point {
                (points[min(index + 1, points.count - 1)] - points[max(index - 1, 0)]) / 6
            }
            guard index > 0 else {
                cairo_move_to(context, point.x, point.y)
                continue
            }
            let (start, end) = (points[index - 1] + tangent(index - 1), point - tangent(index))
            cairo_curve_to(context, start.x, start.y, end.x, end.y, point.x, point.y)
        }
        use(.color(color, opacity: opacity))
        cairo_set_line_width(context, width)
        cairo_stroke(context)
    }

    /// Calls `body` with the pixels: `[height, stride]` words of `0xRRGGBB` with an undefined highest byte.
    ///
    /// - Throws: ``SceneError`` with `drawingFailed` if memory ran out after the painting was created.
    func withPixels(_ body: (UnsafeMutablePointer<UInt32>, _ stride: Int) -> Void) throws(SceneError) {
        cairo_surface_flush(surface)
        let status = cairo_status(context)
        guard status == CAIRO_STATUS_SUCCESS, let data = cairo_image_surface_get_data(surface) else {
            throw SceneError(.drawingFailed, "Could not draw: \(String(cString: cairo_status_to_string(status))).")
        }
        let bytesPerRow = Int(cairo_image_surface_get_stride(surface))
        body(UnsafeMutableRawPointer(data).assumingMemoryBound(to: UInt32.self), bytesPerRow / 4)
        cairo_surface_mark_dirty(surface)
    }

    private func use(_ paint: Paint) {
        let pattern: OpaquePointer
        let stops: [Paint.Stop]
        switch paint {
        case .color(let color, let opacity):
            let color = color.components
            return cairo_set_source_rgba(context, color.x, color.y, color.z, opacity)
        case .linear(let start, let end, let given, let repeats):
            pattern = cairo_pattern_create_linear(start.x, start.y, end.x, end.y)
            cairo_pattern_set_extend(pattern, repeats ? CAIRO_EXTEND_REPEAT : CAIRO_EXTEND_PAD)
            stops = given
        case .radial(let center, let radius, let given):
            pattern = cairo_pattern_create_radial(center.x, center.y, 0, center.x, center.y, radius)
            cairo_pattern_set_extend(pattern, CAIRO_EXTEND_PAD)
            stops = given
        }
        for stop in stops {
            let color = stop.color.components
            cairo_pattern_add_color_stop_rgba(pattern, stop.offset, color.x, color.y, color.z, stop.opacity)
        }
        cairo_set_source(context, pattern)
        cairo_pattern_destroy(pattern)
    }
}

extension Color {
    /// Red, green and blue in `0...1`.
    fileprivate var components: SIMD3<Double> {
        SIMD3(Double(red), Double(green), Double(blue)) / 255
    }
}

extension Figure {
    /// Replaces the path of a context with the figure.
    func trace(on context: OpaquePointer) {
        cairo_new_path(context)
        for polygon in polygons {
            cairo_new_sub_path(context)
            for point in polygon { cairo_line_to(context, point.x, point.y) }
            cairo_close_path(context)
        }
    }
}
