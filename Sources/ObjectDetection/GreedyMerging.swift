/// Joins detections of one object in overlapping parts of a picture.
///
/// Greedy, in descending order of score: a detection takes in each weaker one that overlaps it by at least the threshold,
/// measured as the intersection over the smaller of both areas, which is 1 if one part shows only a piece of the object.
/// The result has the score and class of the stronger one, and the box and mask around both. Equal scores are ordered by
/// their boxes. The time grows with the square of the number of detections.
/// - Parameters:
///   - detections: Detections in any order, in pixels of the picture.
///   - threshold: Intersection over the smaller area, in `0...1`, from which two detections are one.
///   - classAgnostic: Whether to join detections of different classes too.
/// - Returns: The joined detections, best first.
/// - Throws: `CancellationError`.
/// - SeeAlso: `GREEDYNMM` with `IOS` in sahi 0.12, `postprocess/combine.py`.
package func greedyMerging(
    _ detections: [Detection],
    threshold: Float = 0.5,
    classAgnostic: Bool = false
) throws -> [Detection] {
    var ranked = detections.sorted { isBetter($0, than: $1) }
    var isTaken = [Bool](repeating: false, count: ranked.count)
    var merged: [Detection] = []
    for index in ranked.indices where !isTaken[index] {
        // Joining the masks of thousands of detections takes seconds.
        try Task.checkCancellation()
        let first = ranked[index]
        var whole = first
        for other in index + 1..<ranked.count where !isTaken[other] {
            guard classAgnostic || ranked[other].classID == first.classID,
                first.box.intersectionOverSmaller(with: ranked[other].box) >= threshold
            else { continue }
            isTaken[other] = true
            whole.take(ranked[other])
            // Masks are large.
            ranked[other].mask = nil
        }
        merged.append(whole)
    }
    return merged
}

/// Keeps the best of many detections, in no particular order.
package func best(_ count: Int, of detections: [Detection]) -> [Detection] {
    detections.count <= count ? detections : Array(detections.sorted { isBetter($0, than: $1) }.prefix(count))
}

private func isBetter(_ one: Detection, than other: Detection) -> Bool {
    guard one.score == other.score else { return one.score > other.score }
    let (box, otherBox) = (one.box, other.box)
    return (box.minX, box.minY, box.maxX, box.maxY) < (otherBox.minX, otherBox.minY, otherBox.maxX, otherBox.maxY)
}

extension Detection {
    /// Extends the box and mask by another detection's.
    fileprivate mutating func take(_ other: Detection) {
        box = BoundingBox(
            minX: min(box.minX, other.box.minX),
            minY: min(box.minY, other.box.minY),
            maxX: max(box.maxX, other.box.maxX),
            maxY: max(box.maxY, other.box.maxY)
        )
        guard let part = other.mask else { return }
        mask = mask.map { $0.union(with: part) } ?? part
    }
}
