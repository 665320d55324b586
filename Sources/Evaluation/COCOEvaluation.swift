internal import ObjectDetection

/// Evaluates a model's detections on a dataset with COCO's metrics.
///
/// The figures equal those of pycocotools, except for two of its known bugs: here, an annotation with id 0 can be
/// matched like any other, and the area of a detected mask is that of its pixels even if the detection also has a box.
/// Pictures are added one at a time, in any order. Only the outcome of each detection is kept, in 40 bytes.
/// - SeeAlso: pycocotools 2.0, `cocoeval.py`.
package struct COCOEvaluation: Sendable {
    /// What is compared with the ground truth: boxes or masks.
    package enum Kind: String, Sendable, CaseIterable, Encodable {
        /// Boxes.
        case boxes = "bbox"
        /// Masks.
        case masks = "segm"
    }

    /// One detection after matching against the ground truth.
    struct Record: Sendable {
        var score: Float
        /// Index of the picture in the ground truth.
        var image: Int
        /// Rank among the detections of its category in its picture; 0 is the best.
        var rank: Int
        var outcome: MatchOutcome
    }

    /// Ground truth that the detections are compared with.
    package let groundTruth: GroundTruth
    /// Whether boxes or masks are compared.
    package let kind: Kind
    /// Maximum number of detections that count per category and picture.
    package let maximumDetections: Int
    /// Records so far, by the category's index in the ground truth.
    private(set) var records: [[Record]]

    private var isAdded: [Bool]
    private let imageIndices: [Int: Int]
    private let categoryIndices: [Int: Int]

    /// Creates an evaluation without detections.
    ///
    /// - Parameters:
    ///   - groundTruth: Ground truth to compare with; pictures without detections count too.
    ///   - kind: Whether to compare boxes or masks.
    ///   - maximumDetections: Maximum number of detections that count per category and picture, best first; must
    ///     be more than 10.
    /// - Throws: ``EvaluationError`` with ``EvaluationError/Code/mismatch`` if masks are to be compared but an object
    ///   of the ground truth has only a box.
    package init(groundTruth: GroundTruth, kind: Kind, maximumDetections: Int = 100) throws(EvaluationError) {
        precondition(maximumDetections > 10, "must be more than 10: recall at 10 is another figure")
        if kind == .masks {
            for image in groundTruth.images where image.objects.contains(where: { $0.segmentation == nil }) {
                throw EvaluationError(
                    .mismatch,
                    "\(image.fileName) has objects without an outline: evaluate boxes instead"
                )
            }
        }
        self.groundTruth = groundTruth
        self.kind = kind
        self.maximumDetections = maximumDetections
        records = Array(repeating: [], count: groundTruth.categories.count)
        isAdded = Array(repeating: false, count: groundTruth.images.count)
        imageIndices = Dictionary(uniqueKeysWithValues: groundTruth.images.enumerated().map { ($1.id, $0) })
        categoryIndices = Dictionary(uniqueKeysWithValues: groundTruth.categories.enumerated().map { ($1.id, $0) })
    }

    /// Matches the detections in one picture against its ground truth.
    ///
    /// - Parameters:
    ///   - detections: All detections in the picture, in any order; among equal scores, earlier ones rank higher.
    ///     Detections of categories that are not in the ground truth are ignored.
    ///   - imageID: Id of the picture in the ground truth.
    /// - Throws: ``EvaluationError`` with ``EvaluationError/Code/mismatch`` if the picture is not in the ground truth
    ///   or has already been added, or if a required mask is missing.
    package mutating func add(_ detections: [COCODetection], imageID: Int) throws(EvaluationError) {
        guard let imageIndex = imageIndices[imageID] else {
            throw EvaluationError(.mismatch, "the ground truth has no picture \(imageID)")
        }
        guard !isAdded[imageIndex] else {
            throw EvaluationError(.mismatch, "picture \(imageID) has already been evaluated")
        }
        guard kind == .boxes || detections.allSatisfy({ $0.mask != nil }) else {
            throw EvaluationError(.mismatch, "a detection in picture \(imageID) has no mask: evaluate boxes instead")
        }
        isAdded[imageIndex] = true
        let image = groundTruth.images[imageIndex]
        for (categoryID, found) in Dictionary(grouping: detections, by: \.categoryID) {
            guard let categoryIndex = categoryIndices[categoryID] else { continue }
            let ranked = Array(found.sorted { $0.score > $1.score }.prefix(maximumDetections))
            let objects = image.objects.filter { $0.categoryID == categoryID }
            let outcomes = MatchOutcome.outcomes(
                of: ranked.map { MatchOutcome.Candidate(area: area(of: $0)) },
                objects: objects.map { MatchOutcome.Candidate(area: $0.area, isCrowd: $0.isCrowd) },
                overlaps: overlaps(of: ranked, with: objects, in: image)
            )
            for (rank, outcome) in outcomes.enumerated() {
                records[categoryIndex].append(
                    Record(score: ranked[rank].score, image: imageIndex, rank: rank, outcome: outcome)
                )
            }
        }
    }

    private func area(of detection: COCODetection) -> Double {
        switch kind {
        case .boxes: detection.box.area
        case .masks: Double(detection.mask?.area ?? 0)
        }
    }

    /// Intersection over union of each detection with each object, `[detections, objects]`.
    private func overlaps(
        of detections: [COCODetection],
        with objects: [GroundTruth.Object],
        in image: GroundTruth.Image
    ) -> [Double] {
        switch kind {
        case .boxes:
            return detections.flatMap { detection in
                objects.map { detection.box.intersectionOverUnion(with: $0.box, isCrowd: $0.isCrowd) }
            }
        case .masks:
            let masks = objects.map { object in
                (object.segmentation?.mask(width: image.width, height: image.height), object.isCrowd)
            }
            return detections.flatMap { detection in
                masks.map { mask, isCrowd in
                    mask.flatMap { detection.mask?.intersectionOverUnion(with: $0, isCrowd: isCrowd) } ?? 0
                }
            }
        }
    }
}
