/// What part of the detections is right, and what part of the objects is found, as the least score that counts falls.
struct PrecisionRecallCurve {
    /// Where a detection has just come to count.
    struct Point {
        /// Its score.
        var score: Float
        /// Part of the detections that is right, in `0...1`.
        var precision: Double
        /// Part of the objects that is found, in `0...1`.
        var recall: Double

        /// The harmonic mean of precision and recall.
        var f1: Double { precision > 0 ? 2 * precision * recall / (precision + recall) : 0 }
    }

    /// One for each detection.
    let points: [Point]

    /// How many recalls from 0 to 1 the precision is averaged over.
    private static let recallLevels = 101

    /// - Parameters:
    ///   - records: The detections of one category in order of falling score.
    ///   - size: Which objects count.
    ///   - threshold: Index of the overlap that a detection needs.
    ///   - maximumDetections: How many count in a picture.
    ///   - objectCount: How many objects there are to be found, at least one.
    init(
        _ records: [COCOEvaluation.Record],
        size: ObjectSize,
        threshold: Int,
        maximumDetections: Int,
        objectCount: Int
    ) {
        var (hits, count) = (0.0, 0.0)
        points = records.compactMap { record in
            guard record.rank < maximumDetections, !record.outcome.ignored.contains(size, threshold) else { return nil }
            count += 1
            if record.outcome.hits.contains(size, threshold) { hits += 1 }
            return Point(score: record.score, precision: hits / count, recall: hits / Double(objectCount))
        }
    }

    /// Part of the objects that all detections together find, in `0...1`.
    var recall: Double { points.last?.recall ?? 0 }

    /// The area under the curve, in `0...1`: the mean of the best precision that is to be had at each level of recall.
    var averagePrecision: Double {
        var best = points.map(\.precision)
        for index in best.indices.dropLast().reversed() {
            best[index] = max(best[index], best[index + 1])
        }
        var (sum, index) = (0.0, 0)
        for level in 0..<Self.recallLevels {
            while index < points.count, points[index].recall < Double(level) * 0.01 { index += 1 }
            guard index < points.count else { break }
            sum += best[index]
        }
        return sum / Double(Self.recallLevels)
    }

    /// The point where precision and recall are best balanced, or nil where nothing is found.
    ///
    /// Its score, taken as a threshold, gives just these: no detection that comes later has the same one.
    var best: Point? {
        let thresholds = points.indices.filter { $0 + 1 == points.count || points[$0 + 1].score < points[$0].score }
        return thresholds.map { points[$0] }.filter { $0.f1 > 0 }.max { $0.f1 < $1.f1 }
    }
}
