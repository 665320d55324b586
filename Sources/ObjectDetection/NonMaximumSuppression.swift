/// Maximum number of candidates considered, as in the reference; bounds the running time.
private let maximumCandidates = 30_000

/// Keeps the best of each group of overlapping detections.
///
/// Greedy, in descending order of score: a detection is dropped if its intersection over union with a kept one is
/// greater than the threshold. Equal scores keep their input order, so the result is deterministic. Only the 30,000
/// best candidates are considered.
/// - Parameters:
///   - candidates: Detections in any order.
///   - iouThreshold: Intersection over union, in `0...1`, above which the weaker of two detections is dropped.
///   - maximumCount: Maximum number of detections to keep.
///   - classAgnostic: Whether detections of different classes suppress each other too.
/// - Returns: Indices of the kept candidates, best first.
/// - SeeAlso: Ultralytics YOLOv5 v7.0, `utils/general.py`, `non_max_suppression`; torchvision `nms`.
package func nonMaximumSuppression(
    _ candidates: [Detection],
    iouThreshold: Float,
    maximumCount: Int,
    classAgnostic: Bool = false
) -> [Int] {
    let ranked = candidates.indices.sorted { (candidates[$1].score, $0) < (candidates[$0].score, $1) }
    var kept: [Int] = []
    for index in ranked.prefix(maximumCandidates) {
        guard kept.count < maximumCount else { break }
        let candidate = candidates[index]
        let isCovered = kept.contains { better in
            (classAgnostic || candidates[better].classID == candidate.classID)
                && candidates[better].box.intersectionOverUnion(with: candidate.box) > iouThreshold
        }
        if !isCovered { kept.append(index) }
    }
    return kept
}
