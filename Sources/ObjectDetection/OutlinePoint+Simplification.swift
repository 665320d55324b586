extension [OutlinePoint] {
    /// Removes points of a closed outline that are close to the outline without them (Douglas-Peucker).
    ///
    /// Keeps the first point and those where cuts begin.
    /// - Parameters:
    ///   - start: Index where the outline begins; it extends to the end of the array.
    ///   - tolerance: Maximum distance of a removed point from the new outline, in pixels.
    mutating func simplifyOutline(from start: Int, tolerance: Double) {
        let count = self.count - start
        guard count > 2 else { return }
        /// Whether each point stays; the first point is repeated after the last one, closing the outline.
        var stays = (0...count).map { $0 == 0 || $0 == count || self[start + $0].hole != nil }
        if !stays[1..<count].contains(true) {
            // A line from a point to itself has no direction: split the outline at the farthest point.
            let farthest = (1..<count).max { distance(start + $0, start) < distance(start + $1, start) }
            stays[farthest ?? 1] = true
        }

        var chains: [(from: Int, to: Int)] = []
        var from = 0
        for to in 1...count where stays[to] {
            chains.append((from, to))
            from = to
        }
        while let (from, to) = chains.popLast() {
            let (first, last) = (self[start + from], self[start + to % count])
            var (farthest, greatest) = (from, tolerance * tolerance)
            for index in from + 1..<to {
                let distance = self[start + index].squaredDistance(toLineFrom: first, to: last)
                if distance > greatest { (farthest, greatest) = (index, distance) }
            }
            guard farthest != from else { continue }
            stays[farthest] = true
            chains.append((from, farthest))
            chains.append((farthest, to))
        }

        var end = start
        for index in 0..<count where stays[index] {
            self[end] = self[start + index]
            end += 1
        }
        removeSubrange(end...)
    }

    private func distance(_ first: Int, _ second: Int) -> Double {
        self[first].squaredDistance(toLineFrom: self[second], to: self[second])
    }
}

extension OutlinePoint {
    /// Returns the squared distance to the line segment between two other points.
    fileprivate func squaredDistance(toLineFrom first: OutlinePoint, to last: OutlinePoint) -> Double {
        let (directionX, directionY) = (Double(last.x - first.x), Double(last.y - first.y))
        let (fromX, fromY) = (Double(x - first.x), Double(y - first.y))
        let length = directionX * directionX + directionY * directionY
        let along = length > 0 ? Swift.min(Swift.max((fromX * directionX + fromY * directionY) / length, 0), 1) : 0
        let (awayX, awayY) = (fromX - along * directionX, fromY - along * directionY)
        return awayX * awayX + awayY * awayY
    }
}
