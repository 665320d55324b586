/// How good a model's detections are.
public struct COCOResult: Hashable, Sendable {
    /// One of the figures by which models are compared: a mean over the categories that have objects.
    public struct Figure: Hashable, Sendable {
        /// What is averaged.
        public enum Metric: Sendable {
            /// The area under the curve of precision over recall.
            case averagePrecision
            /// The part of the objects that is found.
            case averageRecall
        }

        /// What is averaged.
        public var metric: Metric
        /// The overlap that a detection needs; nil for the mean over 0.5, 0.55, … 0.95.
        public var iouThreshold: Double?
        /// Which objects count.
        public var size: ObjectSize
        /// How many detections of each category count in a picture.
        public var maximumDetections: Int
        /// The figure, in `0...1`; nil where no object counts.
        public var value: Double?
    }

    /// The figures of one category.
    public struct CategoryFigures: Hashable, Sendable {
        /// What it is called.
        public var name: String
        /// How many objects there are, without crowds.
        public var objectCount: Int
        /// Mean over the thresholds from 0.5 to 0.95, in `0...1`; nil without objects.
        public var averagePrecision: Double?
        /// At the threshold of 0.5, in `0...1`; nil without objects.
        public var averagePrecision50: Double?
        /// Where precision and recall at the threshold of 0.5 are best balanced; nil where nothing is found.
        public var best: OperatingPoint?
    }

    /// What a model's confidence threshold would give.
    public struct OperatingPoint: Hashable, Sendable {
        /// The threshold.
        public var confidence: Float
        /// The part of the detections that is right, in `0...1`.
        public var precision: Double
        /// The part of the objects that is found, in `0...1`.
        public var recall: Double
    }

    /// What was compared.
    public let kind: COCOEvaluation.Kind
    /// COCO's twelve figures in the order in which pycocotools prints them.
    public let figures: [Figure]
    /// The figures of each category, in the order of the categories' ids.
    public let categories: [CategoryFigures]

    /// The figure that counts most, often called mAP; nil where there are no objects.
    public var averagePrecision: Double? { figures.first?.value }
    /// The mean at the threshold of 0.5, often called mAP50; nil where there are no objects.
    public var averagePrecision50: Double? { figures.dropFirst().first?.value }
}
