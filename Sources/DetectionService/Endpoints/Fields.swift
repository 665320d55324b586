internal import Basics
internal import DetectionPipeline
internal import Imaging
internal import JSONSchema
internal import Storage

/// Fields that several calls share.
enum Fields {
    static let imageIDText = Schema(
        kind: .string(
            .text(length: 1...ImageID.maximumLength, pattern: DocumentName.pattern) { ImageID($0) != nil }
        )
    )
    .described("A picture's id. Numbers are padded with zeros: 144 is 000000000144.")
    .example("000000000144")

    /// In a JSON body, an id may also be a number.
    static let imageID = Field(
        name: "image_id",
        schema: .anyOf([imageIDText, .integer(0...999_999_999_999)]).example("000000000144"),
        isRequired: true
    )

    static let pathImageID = Field(name: "image_id", schema: imageIDText, isRequired: true)

    /// The options of a detection.
    static let detection = DetectionFields.all

    /// Maximum number of pictures in one request.
    static let maximumPictures = 64

    /// Options of a detection that other servers do not have; their calls take them by the same names.
    static let beyondDialects = [
        DetectionFields.size, DetectionFields.slices, DetectionFields.zones, DetectionFields.zoneAnchor,
        DetectionFields.only, DetectionFields.ignore, DetectionFields.minArea, DetectionFields.maxArea,
        DetectionFields.minRatio, DetectionFields.maxRatio,
    ]

    /// Format of the drawn picture to return with the detections.
    static func drawnImage(default value: String) -> Field {
        Field(
            name: "image",
            schema: .oneOf(["none"] + ImageFormat.encodable.map(\.name)).nullable().defaulting(to: .string(value))
                .described("Format of a copy of the picture with the detections drawn, returned in base64.")
        )
    }
}

extension Values {
    /// The picture's id in a path or a body.
    ///
    /// - Throws: `StorageError` with `notFound` if the text is not an id.
    func imageID() throws(StorageError) -> ImageID {
        let text = string("image_id") ?? integer("image_id").map(String.init) ?? ""
        guard let id = ImageID(text) else { throw StorageError(.notFound, "There is no picture \(text).") }
        return id
    }
}
