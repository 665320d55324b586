import Evaluation
import Foundation
import ObjectDetection
import TestSupport

/// Reference results of pycocotools: `Tests/Fixtures/evaluation.json`, written by `Tools/Goldens/evaluation_golden.py`.
///
/// The file is also a valid COCO annotation file.
struct Golden: Decodable {
    struct Detection: Decodable {
        struct Runs: Decodable {
            var size: [Int]
            var counts: String
        }

        enum CodingKeys: String, CodingKey {
            case imageID = "image_id"
            case categoryID = "category_id"
            case score
            case bbox
            case segmentation
        }

        var imageID: Int
        var categoryID: Int
        var score: Float
        var bbox: [Double]
        var segmentation: Runs
    }

    struct Expectation: Decodable {
        var figures: [Double]
        var summary: String
        /// By category, in id order; -1 without objects.
        var ap: [Double]
        var ap50: [Double]
    }

    var detections: [Detection]
    var bbox: Expectation
    var segm: Expectation

    static let path = Fixtures.path("evaluation.json")

    static func load() throws -> Golden {
        try JSONDecoder().decode(Golden.self, from: Data(contentsOf: URL(filePath: path)))
    }

    func expectation(_ kind: COCOEvaluation.Kind) -> Expectation {
        switch kind {
        case .boxes: bbox
        case .masks: segm
        }
    }

    /// Returns the detections by picture id, in file order.
    func detectionsByImage() -> [Int: [COCODetection]] {
        Dictionary(grouping: detections, by: \.imageID).mapValues { detections in
            detections.map { detection in
                let runs = detection.segmentation
                return COCODetection(
                    categoryID: detection.categoryID,
                    score: detection.score,
                    box: COCOBox(detection.bbox),
                    mask: RunLengthMask(width: runs.size[1], height: runs.size[0], compressedCounts: runs.counts)
                )
            }
        }
    }
}

extension COCOBox {
    init(_ values: [Double]) {
        self.init(x: values[0], y: values[1], width: values[2], height: values[3])
    }
}

extension GroundTruth {
    /// Returns ground truth with the given objects in pictures of 100 x 100 pixels; all ids start at 1.
    static func sample(_ images: [[Object]], categories: [String] = ["cat"]) -> GroundTruth {
        GroundTruth(
            categories: categories.enumerated().map { Category(id: $0 + 1, name: $1) },
            images: images.enumerated().map { index, objects in
                Image(id: index + 1, fileName: "\(index + 1).jpg", width: 100, height: 100, objects: objects)
            }
        )
    }
}

extension GroundTruth.Object {
    static func box(_ values: [Double], categoryID: Int = 1, isCrowd: Bool = false) -> GroundTruth.Object {
        let box = COCOBox(values)
        return GroundTruth.Object(categoryID: categoryID, box: box, area: box.area, isCrowd: isCrowd)
    }
}

extension COCODetection {
    static func box(_ values: [Double], score: Float = 0.5, categoryID: Int = 1) -> COCODetection {
        COCODetection(categoryID: categoryID, score: score, box: COCOBox(values))
    }
}
