internal import DetectionService
internal import FoundationEssentials
internal import Imaging
internal import ObjectDetection
internal import YOLO

/// What was found in one picture: a line of the results, with the members of the service's answers.
struct PictureRecord: Decodable {
    struct Object: Decodable {
        struct Box: Decodable {
            var origin: [Double]
            var size: [Double]
        }

        struct Segmentation: Decodable {
            struct RunLengths: Decodable {
                var counts: String
                var size: [Int]
            }

            var polygons: [[Double]]?
            var rle: RunLengths?
        }

        enum CodingKeys: String, CodingKey {
            case className = "class"
            case classID = "class_id"
            case score
            case box = "bbox"
            case segmentation
        }

        var className: String
        var classID: Int
        var score: Double
        /// In pixels, from the picture's top left corner.
        var box: Box
        var segmentation: Segmentation?
    }

    enum CodingKeys: String, CodingKey {
        case file
        case width
        case height
        case model
        case objects = "payload"
    }

    var file: String
    var width: Int
    var height: Int
    var model: String
    /// Best first.
    var objects: [Object]

    private struct Malformed: Error {}

    init(file: String, image: ReducedImage, model: ModelDescription, objects: [Object]) {
        self.file = file
        width = image.width
        height = image.height
        self.model = model.name
        self.objects = objects
    }

    /// Reads a line that ``json`` has written, and somebody may have changed.
    ///
    /// - Throws: An error where it is none.
    init(json: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(json))
        let isWhole = width > 0 && height > 0 && objects.allSatisfy(\.isWhole)
        guard isWhole else { throw Malformed() }
    }

    /// One line of JSON, without its end.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.key("file")
            json.string(file)
            json.key("height")
            json.number(height)
            json.key("model")
            json.string(model)
            json.key("payload")
            json.array { json in
                for object in objects { object.write(to: &json) }
            }
            json.key("width")
            json.number(width)
        }
        return writer.bytes
    }
}

extension PictureRecord.Object {
    /// Rounds as the service does: thousandths of a pixel, and five digits of the score.
    init(_ detection: Detection, label: String, masks: MaskForm, tolerance: Double) {
        let box = detection.box
        className = label
        classID = detection.classID
        score = Self.rounded(detection.score, digits: 1e5)
        self.box = Box(
            origin: [box.minX, box.minY].map { Self.rounded($0, digits: 1e3) },
            size: [box.width, box.height].map { Self.rounded($0, digits: 1e3) }
        )
        guard let mask = detection.mask else { return }
        switch masks {
        case .polygon: segmentation = Segmentation(polygons: mask.polygons(tolerance: tolerance))
        case .rle:
            let runLengths = Segmentation.RunLengths(
                counts: mask.runLengths.compressedCounts,
                size: [mask.imageHeight, mask.imageWidth]
            )
            segmentation = Segmentation(rle: runLengths)
        case .none: break
        }
    }

    /// Whether lists have as many numbers as they must.
    fileprivate var isWhole: Bool {
        box.origin.count == 2 && box.size.count == 2 && segmentation?.rle?.size.count ?? 2 == 2
            && (segmentation?.polygons ?? []).allSatisfy { $0.count.isMultiple(of: 2) }
    }

    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("bbox")
            json.object { json in
                json.key("origin")
                json.array(box.origin)
                json.key("size")
                json.array(box.size)
            }
            json.key("class")
            json.string(className)
            json.key("class_id")
            json.number(classID)
            json.key("score")
            json.number(score)
            if let segmentation {
                json.key("segmentation")
                segmentation.write(to: &json)
            }
        }
    }

    private static func rounded(_ value: Float, digits: Double) -> Double {
        (Double(value) * digits).rounded() / digits
    }
}

extension PictureRecord.Object.Segmentation {
    /// Writes the object that the service's answers and COCO's annotations have alike, the service's around it.
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            if let polygons {
                json.key("polygons")
                json.array { json in
                    for polygon in polygons { json.array(polygon) }
                }
            }
            if let rle {
                json.key("rle")
                rle.write(to: &json)
            }
        }
    }
}

extension PictureRecord.Object.Segmentation.RunLengths {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("counts")
            json.string(counts)
            json.key("size")
            json.array(size.map(Double.init))
        }
    }
}
