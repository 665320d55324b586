/// The outcome of matching one detection, for every object size and IoU threshold.
struct MatchOutcome: Hashable {
    /// Minimum IoU of a match: 0.5 to 0.95 in ten steps, rounded as by NumPy's `linspace`.
    static let iouThresholds = (0..<9).map { Double($0) * ((0.95 - 0.5) / 9) + 0.5 } + [0.95]

    /// Cases in which the detection matches an object that counts.
    private(set) var hits = Cases()
    /// Cases in which the detection counts neither as correct nor as wrong.
    private(set) var ignored = Cases()

    /// A set of cases, each an object size and a threshold index.
    struct Cases: Hashable {
        private var bits: UInt64 = 0

        func contains(_ size: ObjectSize, _ threshold: Int) -> Bool { bits & Self.bit(size, threshold) != 0 }

        fileprivate mutating func insert(_ size: ObjectSize, _ threshold: Int) { bits |= Self.bit(size, threshold) }

        private static func bit(_ size: ObjectSize, _ threshold: Int) -> UInt64 {
            1 << UInt64(size.rawValue * iouThresholds.count + threshold)
        }
    }
}

extension MatchOutcome {
    /// A detection or a ground-truth object to match.
    struct Candidate {
        /// Area in pixels.
        var area: Double
        /// Whether this is a crowd in the ground truth, which can match any number of detections.
        var isCrowd = false
    }

    /// Matches the detections of one category in one picture to the objects of that category.
    ///
    /// Each detection in turn takes the free object with the highest overlap. Objects that count take precedence over
    /// those that do not; among equal overlaps, the last object wins.
    /// - Parameters:
    ///   - detections: Detections, sorted by descending score.
    ///   - objects: Objects in the order of the ground truth.
    ///   - overlaps: `[detections, objects]`, intersection over union, in `0...1`.
    /// - Returns: The outcome of each detection.
    /// - SeeAlso: pycocotools 2.0, `cocoeval.py`, `evaluateImg`.
    static func outcomes(
        of detections: [Candidate],
        objects: [Candidate],
        overlaps: [Double]
    ) -> [MatchOutcome] {
        precondition(overlaps.count == detections.count * objects.count)
        var outcomes = [MatchOutcome](repeating: MatchOutcome(), count: detections.count)
        for size in ObjectSize.allCases {
            let counts = objects.map { !$0.isCrowd && size.areas.contains($0.area) }
            let order = objects.indices.filter { counts[$0] } + objects.indices.filter { !counts[$0] }
            for (threshold, iouThreshold) in iouThresholds.enumerated() {
                var isTaken = [Bool](repeating: false, count: objects.count)
                for (index, detection) in detections.enumerated() {
                    var match: Int?
                    var bestOverlap = iouThreshold
                    for object in order where !isTaken[object] || objects[object].isCrowd {
                        if let match, counts[match], !counts[object] { break }
                        let overlap = overlaps[index * objects.count + object]
                        if overlap >= bestOverlap { (match, bestOverlap) = (object, overlap) }
                    }
                    if let match {
                        isTaken[match] = true
                        if counts[match] {
                            outcomes[index].hits.insert(size, threshold)
                        } else {
                            outcomes[index].ignored.insert(size, threshold)
                        }
                    } else if !size.areas.contains(detection.area) {
                        outcomes[index].ignored.insert(size, threshold)
                    }
                }
            }
        }
        return outcomes
    }
}
