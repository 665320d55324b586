/// Outlines of masks, for forms that have room for one part of an object.
enum Polygon {
    /// Returns the polygon with the largest area; nil for no polygons.
    ///
    /// - Parameter polygons: x and y of corners alternating, as `Mask.polygons` returns them.
    /// - Returns: The polygon.
    static func largest(of polygons: [[Double]]) -> [Double]? { polygons.max { area(of: $0) < area(of: $1) } }

    private static func area(of polygon: [Double]) -> Double {
        var sum = 0.0
        for index in stride(from: 0, to: polygon.count, by: 2) {
            let next = (index + 2) % polygon.count
            sum += polygon[index] * polygon[next + 1] - polygon[next] * polygon[index + 1]
        }
        return abs(sum) / 2
    }
}
