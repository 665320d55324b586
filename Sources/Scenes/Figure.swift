import Glibc

/// A place or a direction in a picture: x to the right, y down, in pixels unless it says otherwise.
package typealias Point = SIMD2<Double>

/// Closed polygons, filled by the even-odd rule.
///
/// Curves are polygons of many corners: at 300 pixels they are off by less than a tenth of one.
package struct Figure {
    var polygons: [[Point]]

    package init(_ polygons: [Point]...) {
        self.polygons = polygons
    }

    init(polygons: [[Point]]) {
        self.polygons = polygons
    }

    /// The smallest rectangle, sides parallel to the axes, that holds all corners.
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

    /// The figure turned clockwise about the origin.
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

    /// The figure with the middle of its bounds at a place and the longer side of them as long as given.
    package func fitted(to side: Double, around center: Point) -> Figure {
        let (minimum, maximum) = bounds
        let scale = side / (maximum - minimum).max()
        let middle = (minimum + maximum) / 2
        return mapped { ($0 - middle) * scale + center }
    }
}

extension Point {
    /// The point of the unit circle at an angle, clockwise from the x axis.
    init(degrees: Double) {
        let radians = degrees * .pi / 180
        self.init(cos(radians), sin(radians))
    }

    /// The angle of its direction, clockwise from the x axis.
    var degrees: Double { atan2(y, x) * 180 / .pi }

    var length: Double { (self * self).sum().squareRoot() }
}

/// Corners of the part of a circle between two angles, both ends included.
///
/// - Parameters:
///   - center: Its middle.
///   - radius: Its radius.
///   - degrees: Where it begins and ends; clockwise where it ends at the larger angle.
///   - steps: Number of sides of the polygon.
/// - Returns: One corner more than there are sides.
func arc(center: Point = .zero, radius: Double = 1, degrees: (Double, Double), steps: Int = 96) -> [Point] {
    (0...steps).map { step in
        let angle = degrees.0 + (degrees.1 - degrees.0) * Double(step) / Double(steps)
        return center + radius * Point(degrees: angle)
    }
}

/// A whole circle.
func circle(radius: Double = 1) -> [Point] {
    arc(radius: radius, degrees: (0, 360), steps: 120).dropLast()
}
