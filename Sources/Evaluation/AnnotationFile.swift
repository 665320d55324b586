/// The members of a COCO annotation file that an evaluation needs.
struct AnnotationFile: Decodable {
    struct Image: Decodable {
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

    struct Category: Decodable {
        var id: Int
        var name: String
    }

    struct Annotation: Decodable {
        enum CodingKeys: String, CodingKey {
            case imageID = "image_id"
            case categoryID = "category_id"
            case box = "bbox"
            case area
            case isCrowd = "iscrowd"
            case segmentation
        }

        var imageID: Int
        var categoryID: Int
        /// Left, top, width and height, in pixels.
        var box: [Double]
        var area: Double
        /// 0 or 1; 0 if missing.
        var isCrowd: Int?
        var segmentation: Segmentation?
    }

    enum Segmentation: Decodable {
        /// `[x0, y0, x1, y1, …]` each, in pixels.
        case polygons([[Double]])
        /// Run-length encoding; `size` is `[height, width]`.
        case runs(size: [Int], counts: Counts)

        enum CodingKeys: CodingKey {
            case size
            case counts
        }

        init(from decoder: any Decoder) throws {
            if let container = try? decoder.container(keyedBy: CodingKeys.self) {
                self = .runs(
                    size: try container.decode([Int].self, forKey: .size),
                    counts: try container.decode(Counts.self, forKey: .counts)
                )
            } else {
                self = .polygons(try decoder.singleValueContainer().decode([[Double]].self))
            }
        }
    }

    enum Counts: Decodable {
        case compressed(String)
        case plain([Int])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .compressed(text)
            } else {
                self = .plain(try container.decode([Int].self))
            }
        }
    }

    var images: [Image]
    var annotations: [Annotation]
    var categories: [Category]
}

extension DecodingError {
    /// Describes the error and its location, such as `annotations[3].bbox`.
    var flaw: String {
        switch self {
        case .keyNotFound(let key, let context): "\(context.place) has no \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(context.place) is of the wrong type"
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            "it is not JSON, is incomplete, or contains a number that is too large"
        case .dataCorrupted(let context): "\(context.place) is out of range"
        @unknown default: "it is not a COCO annotation file"
        }
    }
}

extension DecodingError.Context {
    fileprivate var place: String {
        let path = codingPath.reduce(into: "") { path, key in
            path += key.intValue.map { "[\($0)]" } ?? (path.isEmpty ? "" : ".") + key.stringValue
        }
        return path.isEmpty ? "the file" : path
    }
}
