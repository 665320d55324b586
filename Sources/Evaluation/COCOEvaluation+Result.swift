extension COCOEvaluation {
    /// Computes the figures over all pictures of the ground truth.
    ///
    /// Pictures that were never added count as having no detections.
    package func result() -> COCOResult {
        let objects = Dictionary(grouping: groundTruth.images.lazy.flatMap(\.objects), by: \.categoryID)
        let tallies = zip(groundTruth.categories, records).map { category, records in
            CategoryTally(records: records, objects: objects[category.id] ?? [])
        }
        let figures = figures.map { figure in
            let values = tallies.compactMap { $0.value(of: figure) }
            var figure = figure
            figure.value = values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
            return figure
        }
        let categories = zip(groundTruth.categories, tallies).map { category, tally in
            COCOResult.CategoryFigures(
                name: category.name,
                objectCount: tally.objectCount(.all),
                averagePrecision: tally.value(of: figures[0]),
                averagePrecision50: tally.value(of: figures[1]),
                best: tally.best(maximumDetections: maximumDetections)
            )
        }
        return COCOResult(kind: kind, figures: figures, categories: categories)
    }

    /// COCO's twelve figures, without their values.
    private var figures: [COCOResult.Figure] {
        let sizes = [ObjectSize.small, .medium, .large]
        func figure(
            _ metric: COCOResult.Figure.Metric,
            threshold: Double? = nil,
            size: ObjectSize = .all,
            limit: Int? = nil
        ) -> COCOResult.Figure {
            COCOResult.Figure(
                metric: metric,
                iouThreshold: threshold,
                size: size,
                maximumDetections: limit ?? maximumDetections
            )
        }
        return [nil, 0.5, 0.75].map { figure(.averagePrecision, threshold: $0) }
            + sizes.map { figure(.averagePrecision, size: $0) }
            + [1, 10, maximumDetections].map { figure(.averageRecall, limit: $0) }
            + sizes.map { figure(.averageRecall, size: $0) }
    }
}

/// Match outcomes of one category's detections in all pictures.
private struct CategoryTally {
    /// Sorted by descending score; equal scores by picture, then by rank.
    private let records: [COCOEvaluation.Record]
    /// Number of objects that count, indexed by the raw value of the size.
    private let objectCounts: [Int]

    init(records: [COCOEvaluation.Record], objects: [GroundTruth.Object]) {
        self.records = records.sorted { ($1.score, $0.image, $0.rank) < ($0.score, $1.image, $1.rank) }
        objectCounts = ObjectSize.allCases.map { size in
            objects.count { !$0.isCrowd && size.areas.contains($0.area) }
        }
    }

    func objectCount(_ size: ObjectSize) -> Int { objectCounts[size.rawValue] }

    /// Returns the value of a figure for this category, or nil if none of its objects count.
    func value(of figure: COCOResult.Figure) -> Double? {
        guard objectCount(figure.size) > 0 else { return nil }
        let thresholds = MatchOutcome.iouThresholds.indices.filter { index in
            figure.iouThreshold.map { abs($0 - MatchOutcome.iouThresholds[index]) < 1e-6 } ?? true
        }
        let values = thresholds.map { threshold in
            let curve = curve(figure.size, threshold: threshold, maximumDetections: figure.maximumDetections)
            return switch figure.metric {
            case .averagePrecision: curve.averagePrecision
            case .averageRecall: curve.recall
            }
        }
        return values.reduce(0, +) / Double(values.count)
    }

    /// Returns the operating point with the best F1 score at an IoU threshold of 0.5.
    func best(maximumDetections: Int) -> COCOResult.OperatingPoint? {
        guard objectCount(.all) > 0 else { return nil }
        return curve(.all, threshold: 0, maximumDetections: maximumDetections).best.map { point in
            COCOResult.OperatingPoint(confidence: point.score, precision: point.precision, recall: point.recall)
        }
    }

    private func curve(_ size: ObjectSize, threshold: Int, maximumDetections: Int) -> PrecisionRecallCurve {
        PrecisionRecallCurve(
            records,
            size: size,
            threshold: threshold,
            maximumDetections: maximumDetections,
            objectCount: objectCount(size)
        )
    }
}
