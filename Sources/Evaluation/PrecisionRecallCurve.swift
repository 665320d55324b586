/// Precision and recall as the confidence threshold falls.
struct PrecisionRecallCurve {
    /// Precision and recall after counting one more detection.
    struct Point {
        /// Score of that detection.
        var score: Float
        /// Share of the detections that are correct, in `0...1`.
        var precision: Double
        /// Share of the objects that are found, in `0...1`.
        var recall: Double

        /// F1 score: the harmonic mean of precision and recall.
        var f1: Double { precision > 0 ? 2 * precision * recall / (precision + recall) : 0 }
    }

    /// One point for each detection that counts.
    let points: [Point]

    /// Number of recall levels from 0 to 1 that precision is averaged over.
    private static let recallLevels = 101

    /// Computes the curve of one category.
    ///
    /// - Parameters:
    ///   - records: Detections of the category, sorted by descending score.
    ///   - size: Size of the objects that count.
    ///   - threshold: Index of the IoU threshold.
    ///   - maximumDetections: Maximum number of detections that count per picture.
    ///   - objectCount: Number of objects to find; at least 1.
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

    /// Share of the objects that all detections together find, in `0...1`.
    var recall: Double { points.last?.recall ?? 0 }

    /// Area under the curve, in `0...1`: the mean over recall levels of the best precision at that recall or higher.
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

    /// The point with the highest F1 score, or nil if nothing is found.
    ///
    /// Of detections with equal scores, only the last qualifies, so that its score used as a threshold yields exactly
    /// this precision and recall.
    var best: Point? {
        let thresholds = points.indices.filter { $0 + 1 == points.count || points[$0 + 1].score < points[$0].score }
        return thresholds.map { points[$0] }.filter { $0.f1 > 0 }.max { $0.f1 < $1.f1 }
    }
}
