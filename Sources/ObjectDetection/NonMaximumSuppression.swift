/// How many candidates compete at most, as in the reference; it bounds the time.
private let maximumCandidates = 30_000

/// Keeps the best of each group of overlapping detections.
///
/// Greedy, in order of falling score: a detection is dropped when its intersection over union with one that was
/// kept is greater than the threshold. Equal scores keep the order in which they came, so the result is a function
/// of the input alone. Only the best 30,000 compete.
/// - Parameters:
///   - candidates: Detections in any order.
///   - iouThreshold: Overlap in `0...1` above which the weaker of two detections is dropped.
///   - maximumCount: How many detections to keep at most.
///   - classAgnostic: Whether detections of different classes compete too.
/// - Returns: Indices of the candidates kept, best first.
/// - SeeAlso: Ultralytics YOLOv5 v7.0, `utils/general.py`, `non_max_suppression`; torchvision `nms`.
public func nonMaximumSuppression(
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
