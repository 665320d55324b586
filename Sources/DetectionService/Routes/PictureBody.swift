internal import Imaging
internal import Storage

/// What is known of a picture, as JSON.
struct PictureBody: Encodable {
    var id: String
    var width: Int
    var height: Int
    var format: String
    var bytes: Int
    var sha256: String
    var links: [String: String]

    init(_ metadata: ImageMetadata, links: [String: String]) {
        id = metadata.id.description
        width = metadata.width
        height = metadata.height
        format = metadata.format
        bytes = metadata.byteCount
        sha256 = metadata.sha256
        self.links = links
    }

    static func links(of id: ImageID, isProcessed: Bool = false) -> [String: String] {
        [
            "self": "/get_image/\(id)" + (isProcessed ? "?variant=processed" : ""), "process": "/process_image",
            "predict": "/predict",
        ]
    }

    static let linksSchema = Schema.object(
        ["self", "process", "predict"].map { Field(name: $0, schema: .anyString, isRequired: true) }
    )

    static let schema = Schema.object([
        Field(name: "id", schema: Fields.imageIDText, isRequired: true),
        Field(name: "width", schema: .anyInteger.described("In pixels."), isRequired: true),
        Field(name: "height", schema: .anyInteger.described("In pixels."), isRequired: true),
        Field(name: "format", schema: .oneOf(ImageFormat.allCases.map(\.name)), isRequired: true),
        Field(name: "bytes", schema: .anyInteger.described("Size of the encoded picture."), isRequired: true),
        Field(name: "sha256", schema: .anyString.described("Of the encoded picture."), isRequired: true),
        Field(name: "links", schema: linksSchema, isRequired: true),
    ])

    static let example: JSONValue = [
        "id": "000000000144", "width": 640, "height": 480, "format": "jpeg", "bytes": 74_812,
        "sha256": "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        "links": ["self": "/get_image/000000000144", "process": "/process_image", "predict": "/predict"],
    ]
}
