/// What an area is filled with.
enum Paint {
    /// A colour along a gradient.
    struct Stop {
        /// In `0...1`, rising from stop to stop.
        var offset: Double
        var color: Color
        /// In `0...1`.
        var opacity = 1.0
    }

    case color(Color, opacity: Double = 1)
    /// Changes from one place to another; goes on as it ends, or where it `repeats`, from the start again.
    case linear(from: Point, to: Point, [Stop], repeats: Bool = false)
    /// Changes from the middle of a circle to its rim, and stays as it ends.
    case radial(center: Point, radius: Double, [Stop])

    /// Stripes with sharp edges across a direction, from an edge on.
    static func stripes(from edge: Point, across: Point, _ colors: [Color]) -> Paint {
        let stops = colors.enumerated().flatMap { index, color in
            [index, index + 1].map { Stop(offset: Double($0) / Double(colors.count), color: color) }
        }
        return .linear(from: edge, to: edge + across, stops, repeats: true)
    }
}
