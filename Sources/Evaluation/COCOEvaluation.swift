internal import ObjectDetection

/// Measures a model's detections on a dataset as COCO does.
///
/// The figures are those of pycocotools with two exceptions, where it has known faults: an annotation whose id is 0
/// can be found like any other, and the size of a detected mask is that of the mask even where a box came with it.
/// Pictures are added one by one, in any order, and only the outcome of each detection is kept: 40 bytes.
/// - SeeAlso: pycocotools 2.0, `cocoeval.py`.
public struct COCOEvaluation: Sendable {
    /// What is compared with the ground truth.
    public enum Kind: String, Sendable, CaseIterable, Encodable {
        /// Boxes.
        case boxes = "bbox"
        /// Masks.
        case masks = "segm"
    }

    /// One detection that has been compared with the ground truth.
    struct Record: Sendable {
        var score: Float
        /// Its picture's index in the ground truth.
        var image: Int
        /// Its place among the detections of its category in its picture, best first.
        var rank: Int
        var outcome: MatchOutcome
    }

    /// What the detections are compared with.
    public let groundTruth: GroundTruth
    /// What is compared.
    public let kind: Kind
    /// How many detections of each category count in a picture.
    public let maximumDetections: Int
    /// What was compared so far, by the category's index in the ground truth.
    private(set) var records: [[Record]]

    private var isAdded: [Bool]
    private let imageIndices: [Int: Int]
    private let categoryIndices: [Int: Int]

    /// Begins an evaluation without any detections.
    ///
    /// - Parameters:
    ///   - groundTruth: What to compare with; pictures that get no detections count as well.
    ///   - kind: What to compare.
    ///   - maximumDetections: How many detections of each category count in a picture, the best ones; more than 10.
    /// - Throws: ``EvaluationError`` with ``EvaluationError/Code/mismatch`` where masks are to be compared with ground
    ///   truth that has boxes alone.
    public init(groundTruth: GroundTruth, kind: Kind, maximumDetections: Int = 100) throws(EvaluationError) {
        precondition(maximumDetections > 10, "two of the twelve figures would be the same")
        if kind == .masks {
            for image in groundTruth.images where image.objects.contains(where: { $0.segmentation == nil }) {
                throw EvaluationError(
                    .mismatch,
                    "\(image.fileName) has objects without an outline: only boxes can be evaluated"
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

    /// Compares what was found in a picture with what is there.
    ///
    /// - Parameters:
    ///   - detections: All that was found, in any order; of equal scores the first counts as better. Those of
    ///     categories that are not in the ground truth do not count.
    ///   - imageID: The picture's id in the ground truth.
    /// - Throws: ``EvaluationError`` with ``EvaluationError/Code/mismatch`` where there is no such picture, where it
    ///   has been added before, and where a mask is needed and missing.
    public mutating func add(_ detections: [COCODetection], imageID: Int) throws(EvaluationError) {
        guard let imageIndex = imageIndices[imageID] else {
            throw EvaluationError(.mismatch, "there is no picture \(imageID) in the ground truth")
        }
        guard !isAdded[imageIndex] else {
            throw EvaluationError(.mismatch, "picture \(imageID) has been evaluated before")
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
