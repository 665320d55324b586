internal import JSONSchema

/// A point of an outline: the position of a pixel, so that the outline encloses it.
struct RoboflowPoint: JSONObject {
    var x: Double
    var y: Double

    static let members: [JSONMember<RoboflowPoint>] = [JSONMember("x", \.x), JSONMember("y", \.y)]
    static let example = RoboflowPoint(x: 299, y: 126)
}

extension RoboflowPoint {
    /// Returns the outline of the largest part of a mask, as Roboflow's form has room for one only.
    ///
    /// Outlines of this form run through the object's outermost pixels, as OpenCV's contours do; `cv2.fillPoly` of the
    /// outline, which fills its edge as well, is that part of the mask, but for single pixels beside holes.
    /// - Parameter polygons: Exact outlines along pixels' edges, clockwise, from `Mask.polygons`; at least one.
    /// - Returns: The outline; positions may repeat where the object is one pixel wide.
    static func outline(ofLargest polygons: [[Double]]) -> [RoboflowPoint] {
        let largest = Polygon.largest(of: polygons) ?? []
        let corners = withoutSpurs(
            stride(from: 0, to: largest.count - 1, by: 2).map { (x: largest[$0], y: largest[$0 + 1]) }
        )
        return corners.indices.compactMap { index in
            let corner = corners[index]
            let last = direction(from: corners[(index + corners.count - 1) % corners.count], to: corner)
            let next = direction(from: corner, to: corners[(index + 1) % corners.count])
            guard last != next else { return nil }
            // The object is to the right of both edges: in the one pixel between them.
            return RoboflowPoint(
                x: corner.x + (-last.y - next.y - 1) / 2,
                y: corner.y + (last.x + next.x - 1) / 2
            )
        }
    }

    /// Removes corners at which an outline returns on itself, as where the cut to a hole begins along an edge.
    private static func withoutSpurs(_ corners: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        var kept: [(x: Double, y: Double)] = []
        for corner in corners {
            while kept.count > 1 {
                let next = direction(from: kept[kept.count - 1], to: corner)
                guard direction(from: kept[kept.count - 2], to: kept[kept.count - 1]) == (-next.x, -next.y) else {
                    break
                }
                kept.removeLast()
            }
            kept.append(corner)
        }
        return kept
    }

    /// The direction of an edge along an axis: -1, 0 or 1 each.
    private static func direction(
        from start: (x: Double, y: Double),
        to end: (x: Double, y: Double)
    ) -> (x: Double, y: Double) {
        ((end.x > start.x ? 1 : 0) - (end.x < start.x ? 1 : 0), (end.y > start.y ? 1 : 0) - (end.y < start.y ? 1 : 0))
    }
}
