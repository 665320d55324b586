/// What became of one detection, for every size of object and every threshold of overlap.
struct MatchOutcome: Hashable {
    /// Least overlaps with which a detection fits an object: 0.5 to 0.95, rounded as NumPy's `linspace` does.
    static let iouThresholds = (0..<9).map { Double($0) * ((0.95 - 0.5) / 9) + 0.5 } + [0.95]

    /// Where it fits an object that counts.
    private(set) var hits = Cases()
    /// Where it counts neither as right nor as wrong.
    private(set) var ignored = Cases()

    /// A set of cases, each a size of object and the index of a threshold.
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
    /// What is compared: a detection, or an object of the ground truth.
    struct Candidate {
        /// Area in pixels.
        var area: Double
        /// Whether it is an object that stands for a crowd, which any number of detections may fit.
        var isCrowd = false
    }

    /// Pairs the detections of one category in one picture with the objects of that category.
    ///
    /// Each detection in turn takes the object that it fits best of those that are left, and one that counts before
    /// one that does not; of objects that it fits equally well it takes the last.
    /// - Parameters:
    ///   - detections: In order of falling score.
    ///   - objects: In the order of the ground truth.
    ///   - overlaps: `[detections, objects]`, intersection over union, in `0...1`.
    /// - Returns: The outcome for each detection.
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
