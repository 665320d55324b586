internal import Evaluation
internal import FoundationEssentials
internal import ObjectDetection

/// Writes detections in COCO's results format, which pycocotools and COCO's server read.
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

    /// Encodes detections.
    ///
    /// - Parameter detections: Detections by picture id.
    /// - Returns: A JSON list, sorted by picture id.
    /// - Throws: An error if a number is not finite.
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
