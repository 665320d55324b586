import CCairo
import FoundationEssentials
import Imaging
import ObjectDetection

/// Annotations of scenes in COCO format.
///
/// - SeeAlso: https://cocodataset.org/#format-data
struct InstancesFile {
    struct Info: Encodable {
        var description: String
        /// Version of Cairo that drew the pictures; another version may draw some pixels differently.
        var cairo = Self.cairoVersion

        static let cairoVersion = String(cString: cairo_version_string())
    }

    struct Image: Encodable {
        enum CodingKeys: String, CodingKey {
            case id
            case fileName = "file_name"
            case width
            case height
        }

        var id: Int
        var fileName: String
        var width: Int
        var height: Int
    }

    struct Annotation: Encodable {
        struct Segmentation: Encodable {
            /// Height and width of the picture.
            var size: [Int]
            var counts: String
        }

        enum CodingKeys: String, CodingKey {
            case id
            case imageID = "image_id"
            case categoryID = "category_id"
            case box = "bbox"
            case area
            case isCrowd = "iscrowd"
            case segmentation
        }

        /// 100 times the picture's id plus the object's index, so that it does not depend on other pictures.
        var id: Int
        var imageID: Int
        var categoryID: Int
        /// Left, top, width and height in pixels.
        var box: [Int]
        var area: Int
        var isCrowd = 0
        var segmentation: Segmentation
    }

    struct Category: Encodable {
        var id: Int
        var name: String
    }

    var info: Info
    var images: [Image]
    var annotations: [Annotation]
    var categories = ShapeKind.allCases.map { Category(id: $0.categoryID, name: $0.rawValue) }

    /// Returns JSON with one line per record, so that two files are easy to compare.
    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        // Without sorting, the order of the keys differs from run to run.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func line(_ record: some Encodable) throws -> String {
            String(decoding: try encoder.encode(record), as: UTF8.self)
        }
        func list(_ records: [some Encodable]) throws -> String {
            "[\n\(try records.map(line).joined(separator: ",\n"))\n]"
        }
        let text = """
            {
            "info": \(try line(info)),
            "images": \(try list(images)),
            "annotations": \(try list(annotations)),
            "categories": \(try list(categories))
            }

            """
        return Data(text.utf8)
    }
}

extension InstancesFile.Image {
    init(id: Int, fileName: String, _ scene: Scene) {
        self.init(id: id, fileName: fileName, width: scene.image.width, height: scene.image.height)
    }
}

extension InstancesFile.Annotation {
    init(imageID: Int, place: Int, _ object: SceneObject) {
        let mask = object.mask
        self.init(
            id: 100 * imageID + place,
            imageID: imageID,
            categoryID: object.kind.categoryID,
            box: [mask.x, mask.y, mask.width, mask.height],
            area: mask.area,
            segmentation: Segmentation(
                size: [mask.imageHeight, mask.imageWidth],
                counts: mask.runLengths.compressedCounts
            )
        )
    }
}
