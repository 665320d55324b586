import Glibc

/// A position or vector in a picture: x to the right, y down, in pixels unless stated otherwise.
package typealias Point = SIMD2<Double>

/// Closed polygons, filled by the even-odd rule.
///
/// Curves are approximated by many corners; at a size of 300 pixels, the error is less than 0.1 pixels.
package struct Figure {
    var polygons: [[Point]]

    package init(_ polygons: [Point]...) {
        self.polygons = polygons
    }

    init(polygons: [[Point]]) {
        self.polygons = polygons
    }

    /// Axis-aligned bounding box of all corners.
    package var bounds: (minimum: Point, maximum: Point) {
        var minimum = Point(repeating: .infinity)
        var maximum = Point(repeating: -.infinity)
        for point in polygons.joined() {
            minimum = pointwiseMin(minimum, point)
            maximum = pointwiseMax(maximum, point)
        }
        return (minimum, maximum)
    }

    func mapped(_ transform: (Point) -> Point) -> Figure {
        Figure(polygons: polygons.map { $0.map(transform) })
    }

    /// Returns the figure rotated clockwise around the origin.
    package func rotated(degrees: Double) -> Figure {
        let turn = Point(degrees: degrees)
        return mapped { Point($0.x * turn.x - $0.y * turn.y, $0.x * turn.y + $0.y * turn.x) }
    }

    func scaled(by factor: Point) -> Figure {
        mapped { $0 * factor }
    }

    func moved(by offset: Point) -> Figure {
        mapped { $0 + offset }
    }

    /// Returns the figure scaled to a length of its longer side, and moved so that its bounds are centred on a point.
    package func fitted(to side: Double, around center: Point) -> Figure {
        let (minimum, maximum) = bounds
        let scale = side / (maximum - minimum).max()
        let middle = (minimum + maximum) / 2
        return mapped { ($0 - middle) * scale + center }
    }
}

extension Point {
    /// Creates the point of the unit circle at an angle, clockwise from the x axis.
    init(degrees: Double) {
        let radians = degrees * .pi / 180
        self.init(cos(radians), sin(radians))
    }

    /// Angle of the vector in degrees, clockwise from the x axis.
    var degrees: Double { atan2(y, x) * 180 / .pi }

    var length: Double { (self * self).sum().squareRoot() }
}

/// Returns the corners of a circular arc, including both ends.
///
/// - Parameters:
///   - center: Centre of the circle.
///   - radius: Radius of the circle.
///   - degrees: Start and end angle; the arc runs clockwise if the end angle is larger.
///   - steps: Number of line segments.
/// - Returns: `steps + 1` corners.
func arc(center: Point = .zero, radius: Double = 1, degrees: (Double, Double), steps: Int = 96) -> [Point] {
    (0...steps).map { step in
        let angle = degrees.0 + (degrees.1 - degrees.0) * Double(step) / Double(steps)
        return center + radius * Point(degrees: angle)
    }
}

/// Returns the corners of a full circle.
func circle(radius: Double = 1) -> [Point] {
    arc(radius: radius, degrees: (0, 360), steps: 120).dropLast()
}
