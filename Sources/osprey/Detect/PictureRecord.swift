internal import DetectionService
internal import FoundationEssentials
internal import Imaging
internal import YOLO

/// What was found in one picture: a line of the results, with the members of the service's answers.
struct PictureRecord: Decodable {
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
    var objects: [DetectedObject]

    private struct Malformed: Error {}

    init(file: String, image: ReducedImage, model: ModelDescription, objects: [DetectedObject]) {
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
