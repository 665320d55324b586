internal import Imaging
internal import JSONSchema
internal import Storage

/// Metadata of a picture, as JSON.
struct PictureBody: JSONObject {
    var id: String
    var width: Int
    var height: Int
    var format: String
    var bytes: Int
    var sha256: String
    var links: PictureLinks

    init(_ metadata: ImageMetadata, links: PictureLinks) {
        id = metadata.id.description
        width = metadata.width
        height = metadata.height
        format = metadata.format
        bytes = metadata.byteCount
        sha256 = metadata.sha256
        self.links = links
    }

    static let members: [JSONMember<PictureBody>] = [
        JSONMember("bytes", "Size of the encoded picture.", \.bytes),
        JSONMember("format", schema: .oneOf(ImageFormat.allCases.map(\.name)), \.format),
        JSONMember("height", "In pixels.", \.height),
        JSONMember("id", schema: Fields.imageIDText, \.id),
        JSONMember("links", \.links),
        JSONMember("sha256", "Of the encoded picture.", \.sha256),
        JSONMember("width", "In pixels.", \.width),
    ]

    static let example = PictureBody(
        StoredImage(id: .example, bytes: [], format: "jpeg", width: 640, height: 480).metadata,
        links: .example
    )
}

/// Paths of the calls that accept the picture's id.
struct PictureLinks: JSONObject {
    private let location: String

    init(of id: ImageID, isProcessed: Bool = false) {
        location = "/get_image/\(id)" + (isProcessed ? "?variant=processed" : "")
    }

    static let members: [JSONMember<PictureLinks>] = [
        JSONMember("predict") { _ in "/predict" },
        JSONMember("process") { _ in "/process_image" },
        JSONMember("self", \.location),
    ]
    static let example = PictureLinks(of: .example)
}

extension ImageID {
    /// The id in examples.
    static let example = ImageID(contentOf: [])
}
