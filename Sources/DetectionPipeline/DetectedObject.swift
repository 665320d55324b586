package import JSONSchema
package import ObjectDetection
internal import Tracking

/// One detection in the format of responses and results; decodable, so that results can be read back.
package struct DetectedObject: JSONObject, Decodable {
    package struct Box: JSONObject, Decodable {
        /// Left and top.
        package var origin: [Double]
        /// Width and height.
        package var size: [Double]

        package static let members: [JSONMember<Box>] = [
            JSONMember("origin", "Top left corner, in pixels.", schema: .array(of: .anyNumber, count: 2...2), \.origin),
            JSONMember("size", "Width and height, in pixels.", schema: .array(of: .anyNumber, count: 2...2), \.size),
        ]
        package static let example = Box(origin: [299.4, 126.6], size: [297.2, 352.7])
    }

    /// The object's mask, in one of its formats.
    package struct Segmentation: JSONObject, Decodable {
        package struct RunLengths: JSONObject, Decodable {
            package var counts: String
            /// Height and width of the picture.
            package var size: [Int]

            package static let members: [JSONMember<RunLengths>] = [
                JSONMember("counts", "COCO's compressed run lengths.", \.counts),
                JSONMember(
                    "size",
                    "Height and width of the picture.",
                    schema: .array(of: .anyInteger, count: 2...2),
                    \.size
                ),
            ]
            package static let example = RunLengths(counts: "PPYo0", size: [480, 640])
        }

        package var polygons: [[Double]]?
        package var rle: RunLengths?

        package static let members: [JSONMember<Segmentation>] = [
            JSONMember(
                optional: "polygons",
                "One list per part of the object: x and y of its corners alternating, in pixels. A hole is joined to "
                    + "the outline by a cut of zero width.",
                \.polygons
            ),
            JSONMember(optional: "rle", \.rle),
        ]
        package static let example = Segmentation(polygons: [[299.5, 126.5, 596.5, 126.5, 596.5, 479.5]])
    }

    enum CodingKeys: String, CodingKey {
        case age
        case className = "class"
        case classID = "class_id"
        case crop
        case score
        case box = "bbox"
        case segmentation
        case speed
        case track
        case zones
    }

    package var className: String
    package var classID: Int
    package var score: Double
    /// In pixels, from the picture's top left corner.
    package var box: Box
    package var segmentation: Segmentation?
    /// A JPEG of it, in base64; nil if none was requested.
    package var crop: String?
    /// Names of the zones that it is in; nil if none were given.
    package var zones: [String]?
    /// Number of the object in its video or stream, from 1; nil if it is not followed.
    package var track: Int?
    /// Seconds since it was first seen; nil if it is not followed.
    package var age: Double?
    /// Speed in pixels per second; nil if it is not followed.
    package var speed: Double?

    package static let members: [JSONMember<DetectedObject>] = [
        JSONMember(
            optional: "age",
            "In moving pictures: seconds since the object was first seen.",
            schema: .number(0...Double.infinity),
            \.age
        ),
        JSONMember("bbox", \.box),
        JSONMember("class", \.className),
        JSONMember("class_id", \.classID),
        JSONMember(optional: "crop", "A JPEG of the object in base64, if requested.", schema: Base64.schema, \.crop),
        JSONMember("score", schema: .number(0...1), \.score),
        JSONMember(
            optional: "segmentation",
            "The object's mask from a segmentation model: polygons or rle, as requested.",
            \.segmentation
        ),
        JSONMember(
            optional: "speed",
            "In moving pictures: the object's speed in pixels per second.",
            schema: .number(0...Double.infinity),
            \.speed
        ),
        JSONMember(
            optional: "track",
            "In moving pictures: the object's number, the same in all pictures of a video or stream.",
            schema: .integer(1...Int.max),
            \.track
        ),
        JSONMember(optional: "zones", "Names of the zones that it is in, if any were given.", \.zones),
    ]
    package static let example = DetectedObject(className: "giraffe", classID: 23, score: 0.91, box: .example)

    private init(className: String, classID: Int, score: Double, box: Box) {
        self.className = className
        self.classID = classID
        self.score = score
        self.box = box
    }

    /// Converts a detection; rounds coordinates to thousandths of a pixel, and the score to five digits.
    ///
    /// - Parameters:
    ///   - detection: The detection.
    ///   - label: The name of its class.
    ///   - masks: The format of its mask, if it has one.
    ///   - tolerance: Maximum deviation of simplified polygons, in pixels.
    package init(_ detection: Detection, label: String, masks: MaskForm, tolerance: Double) {
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

    mutating func follow(_ track: Tracker.Track, to time: Double) {
        self.track = track.id
        age = max(0, ((time - track.firstTime) * 1e3).rounded() / 1e3)
        speed = (track.speed * 10).rounded() / 10
    }

    /// Whether the lists have valid numbers of elements; checks objects that were read from a file.
    package var isComplete: Bool {
        box.origin.count == 2 && box.size.count == 2 && segmentation?.rle?.size.count ?? 2 == 2
            && (segmentation?.polygons ?? []).allSatisfy { $0.count.isMultiple(of: 2) }
    }

    /// Rounds decimally: a `Float` converted to `Double` would show meaningless digits.
    private static func rounded(_ value: Float, digits: Double) -> Double {
        (Double(value) * digits).rounded() / digits
    }
}
