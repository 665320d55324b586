package import DetectionPipeline
internal import FoundationEssentials
package import JSONSchema
internal import YOLO

/// The detections of one picture: a line of the results, with the members of the service's responses.
package struct PictureRecord: JSONObject, Decodable {
    enum CodingKeys: String, CodingKey {
        case file
        case frame
        case width
        case height
        case isLast = "last"
        case model
        case others
        case objects = "payload"
        case isStill = "still"
        case isTruncated = "truncated"
        case time
    }

    package var file: String
    package var width: Int
    package var height: Int
    package var model: String
    /// Best first.
    package var objects: [DetectedObject]
    /// Whether the picture is cut off; nil if it is not.
    package var isTruncated: Bool?
    /// Number of a video's picture, from 0; nil for a picture file.
    package var frame: Int?
    /// Time in seconds since the video's start; nil for a picture file.
    package var time: Double?
    /// Whether it is a video's last picture; nil if it is not.
    package var isLast: Bool?
    /// Whether nothing moved, so that the objects are those of the picture before; nil if they were detected.
    package var isStill: Bool?
    /// Objects of a video that are followed, but were not asked for; nil for none.
    package var others: [DetectedObject]?

    // The file's name comes first: it identifies an unfinished line.
    package static let members: [JSONMember<PictureRecord>] = [
        JSONMember("file", \.file), JSONMember(optional: "frame", \.frame), JSONMember("height", \.height),
        JSONMember(optional: "last", \.isLast), JSONMember("model", \.model),
        JSONMember(optional: "others", \.others), JSONMember("payload", \.objects),
        JSONMember(optional: "still", \.isStill), JSONMember(optional: "time", \.time),
        JSONMember(optional: "truncated", \.isTruncated),
        JSONMember("width", \.width),
    ]
    package static let example = PictureRecord(
        file: "144.jpg",
        width: 640,
        height: 480,
        model: "yolov5s",
        objects: [.example]
    )

    private struct Malformed: Error {}

    package init(
        file: String,
        width: Int,
        height: Int,
        model: String,
        objects: [DetectedObject],
        isTruncated: Bool? = nil
    ) {
        self.file = file
        self.width = width
        self.height = height
        self.model = model
        self.objects = objects
        self.isTruncated = isTruncated
    }

    init(file: String, _ report: DetectionReport) {
        self.init(
            file: file,
            width: report.width,
            height: report.height,
            model: report.model.name,
            objects: Array(report.objects),
            isTruncated: report.isTruncated ? true : nil
        )
    }

    /// Reads a line of the results, which may have been edited.
    ///
    /// - Throws: An error if it is not a valid record.
    package init(json: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(json))
        guard width > 0, height > 0, objects.allSatisfy(\.isComplete) else { throw Malformed() }
    }
}
