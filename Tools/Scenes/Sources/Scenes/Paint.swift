/// A colour or gradient that fills an area.
enum Paint {
    /// A colour stop of a gradient.
    struct Stop {
        /// Position along the gradient in `0...1`, in increasing order.
        var offset: Double
        var color: Color
        /// Opacity in `0...1`.
        var opacity = 1.0
    }

    case color(Color, opacity: Double = 1)
    /// A gradient from one point to another; beyond its ends, it repeats or keeps the colour of the end.
    case linear(from: Point, to: Point, [Stop], repeats: Bool = false)
    /// A gradient from the centre of a circle to its edge; beyond the edge, it keeps the last colour.
    case radial(center: Point, radius: Double, [Stop])

    /// Returns stripes with sharp edges, starting at `edge`; `across` is the vector across one stripe of each colour.
    static func stripes(from edge: Point, across: Point, _ colors: [Color]) -> Paint {
        let stops = colors.enumerated().flatMap { index, color in
            [index, index + 1].map { Stop(offset: Double($0) / Double(colors.count), color: color) }
        }
        return .linear(from: edge, to: edge + across, stops, repeats: true)
    }
}
