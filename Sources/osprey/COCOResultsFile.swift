internal import Evaluation
internal import FoundationEssentials
internal import ObjectDetection

/// Detections in COCO's form of results, which pycocotools and COCO's server take.
enum COCOResultsFile {
    private struct Item: Encodable {
        struct Segmentation: Encodable {
            var size: [Int]
            var counts: String
        }

        enum CodingKeys: String, CodingKey {
            case imageID = "image_id"
            case categoryID = "category_id"
            case box = "bbox"
            case score
            case segmentation
        }

        var imageID: Int
        var categoryID: Int
        var box: [Double]
        var score: Double
        var segmentation: Segmentation?
    }

    /// - Parameter detections: What was found, by the picture's id.
    /// - Returns: JSON: a list in the order of the pictures' ids.
    /// - Throws: An error where a number is none that JSON has.
    static func encode(_ detections: [Int: [COCODetection]]) throws -> Data {
        try JSONEncoder().encode(
            detections.sorted { $0.key < $1.key }.flatMap { imageID, found in
                found.map { detection in
                    Item(
                        imageID: imageID,
                        categoryID: detection.categoryID,
                        box: [detection.box.x, detection.box.y, detection.box.width, detection.box.height],
                        score: Double(detection.score),
                        segmentation: detection.mask.map { mask in
                            Item.Segmentation(size: [mask.height, mask.width], counts: mask.compressedCounts)
                        }
                    )
                }
            }
        )
    }
}
