internal import Imaging
internal import ObjectDetection
internal import YOLO

/// The detections of a picture, as JSON.
struct DetectionBody {
    var requestID: String
    /// Seconds, waiting included.
    var computeTime: Double
    var imageID: String?
    var image: ReducedImage
    /// The picture with the detections drawn on it, as bytes of a file.
    var drawn: [UInt8]?
    var detections: [Detection]
    var wanted: DetectionRequest

    /// Writes the body, its members in the order of their names.
    ///
    /// - Parameters:
    ///   - json: Receives it.
    ///   - maximumBytes: Most bytes of it.
    /// - Throws: ``Problem`` (413) when it becomes larger: the polygons of a thousand objects can.
    func write(to json: inout JSONWriter, maximumBytes: Int) throws {
        let model = wanted.detector.model
        try json.object { json in
            json.key("compute_time")
            json.number((computeTime * 1e6).rounded() / 1e6)
            json.key("height")
            json.number(image.height)
            if let drawn {
                json.key("image")
                json.base64(drawn)
            }
            if let imageID {
                json.key("image_id")
                json.string(imageID)
            }
            json.key("model")
            json.string(model.name)
            json.key("payload")
            try json.array { json in
                for detection in detections {
                    let object = DetectedObject(
                        detection,
                        label: model.labels[detection.classID],
                        masks: wanted.masks,
                        tolerance: wanted.polygonTolerance
                    )
                    object.write(to: &json)
                    guard json.bytes.count <= maximumBytes else {
                        throw Problem(.tooLarge, "The answer is too large: ask for masks=rle, or lower max_detections.")
                    }
                }
            }
            json.key("request_id")
            json.string(requestID)
            json.key("width")
            json.number(image.width)
        }
    }
}

extension DetectionBody {
    static let schema = Schema.object([
        Field(name: "request_id", schema: .anyString, isRequired: true),
        Field(name: "compute_time", schema: .anyNumber.described("In seconds, waiting included."), isRequired: true),
        Field(name: "model", schema: .anyString, isRequired: true),
        Field(name: "image_id", schema: Fields.imageIDText),
        Field(name: "width", schema: .anyInteger.described("Of the picture, in pixels."), isRequired: true),
        Field(name: "height", schema: .anyInteger.described("Of the picture, in pixels."), isRequired: true),
        Field(
            name: "image",
            schema: Schema(kind: .string(.base64)).described("The picture with the detections drawn.")
        ),
        Field(
            name: "payload",
            schema: .array(
                of: .object([
                    Field(name: "class", schema: .anyString, isRequired: true),
                    Field(name: "class_id", schema: .anyInteger, isRequired: true),
                    Field(name: "score", schema: .number(0...1), isRequired: true),
                    Field(
                        name: "bbox",
                        schema: .object([
                            Field(
                                name: "origin",
                                schema: .array(of: .anyNumber, count: 2...2).described("Top left corner, in pixels."),
                                isRequired: true
                            ),
                            Field(
                                name: "size",
                                schema: .array(of: .anyNumber, count: 2...2).described("Width, height in pixels."),
                                isRequired: true
                            ),
                        ]),
                        isRequired: true
                    ),
                    Field(name: "segmentation", schema: segmentationSchema),
                ])
            ).described("Best first."),
            isRequired: true
        ),
    ])

    static let example: JSONValue = [
        "request_id": "5f0d4a1e-8d0c-4c27-9d57-6a4e4d4f7f10", "compute_time": 0.061, "model": "yolov5s",
        "image_id": "000000000144", "width": 640, "height": 480,
        "payload": [
            [
                "class": "giraffe", "class_id": 23, "score": 0.91,
                "bbox": ["origin": [299.4, 126.6], "size": [297.2, 352.7]],
            ]
        ],
    ]

    private static let segmentationSchema = Schema.object([
        Field(
            name: "polygons",
            schema: .array(of: .array(of: .anyNumber)).described(
                "One for each part of the object: x and y of its corners in turn, in pixels. A hole is joined to the "
                    + "outline by a cut of no width."
            )
        ),
        Field(
            name: "rle",
            schema: .object([
                Field(
                    name: "size",
                    schema: .array(of: .anyInteger, count: 2...2).described("Height and width of the picture."),
                    isRequired: true
                ),
                Field(name: "counts", schema: .anyString.described("COCO's compressed runs."), isRequired: true),
            ])
        ),
    ]).described("The object's pixels, of a segmentation model: polygons or rle, as asked for.")
}
