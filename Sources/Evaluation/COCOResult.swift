/// COCO's metrics of a model's detections on a dataset.
package struct COCOResult: Hashable, Sendable {
    /// One of COCO's figures: a mean over the categories that have objects.
    package struct Figure: Hashable, Sendable {
        /// Quantity that is averaged.
        package enum Metric: Sendable {
            /// Area under the precision-recall curve.
            case averagePrecision
            /// Share of the objects that are found.
            case averageRecall
        }

        /// Quantity that is averaged.
        package var metric: Metric
        /// Minimum IoU of a match; nil for the mean over 0.5, 0.55, … 0.95.
        package var iouThreshold: Double?
        /// Size of the objects that count.
        package var size: ObjectSize
        /// Maximum number of detections that count per category and picture.
        package var maximumDetections: Int
        /// Value, in `0...1`; nil if no object counts.
        package var value: Double?
    }

    /// The figures of one category.
    package struct CategoryFigures: Hashable, Sendable {
        /// Name of the category.
        package var name: String
        /// Number of objects, excluding crowds.
        package var objectCount: Int
        /// Average precision, averaged over IoU thresholds from 0.5 to 0.95, in `0...1`; nil without objects.
        package var averagePrecision: Double?
        /// Average precision at an IoU threshold of 0.5, in `0...1`; nil without objects.
        package var averagePrecision50: Double?
        /// Operating point with the best F1 score at an IoU threshold of 0.5; nil if nothing is found.
        package var best: OperatingPoint?
    }

    /// Precision and recall at a confidence threshold.
    package struct OperatingPoint: Hashable, Sendable {
        /// Confidence threshold.
        package var confidence: Float
        /// Share of the detections that are correct, in `0...1`.
        package var precision: Double
        /// Share of the objects that are found, in `0...1`.
        package var recall: Double
    }

    /// Whether boxes or masks were compared.
    package let kind: COCOEvaluation.Kind
    /// COCO's twelve figures, in the order in which pycocotools prints them.
    package let figures: [Figure]
    /// Figures of each category, sorted by category id.
    package let categories: [CategoryFigures]

    /// COCO's main figure, often called mAP, in `0...1`; nil without objects.
    package var averagePrecision: Double? { figures.first?.value }
    /// Average precision at an IoU threshold of 0.5, often called mAP50, in `0...1`; nil without objects.
    package var averagePrecision50: Double? { figures.dropFirst().first?.value }
}
