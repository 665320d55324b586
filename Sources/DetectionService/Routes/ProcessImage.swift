internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import Storage

extension ServiceComponents {
    var processImage: Operation {
        Operation(
            id: "process_image",
            method: .post,
            path: "/process_image",
            tag: .pictures,
            summary: "Makes the version of a picture that objects are detected on, and stores it.",
            details: """
                The steps are done in this order, whatever the order of the members: crop, rotate, flip, scale, \
                grayscale. The last version made of a picture is the one that counts.
                """,
            body: [.json(Self.processFields, example: ["image_id": "000000000144", "scaling_factor": 0.5])],
            answers: [
                Operation.Answer(
                    summary: "The processed picture.",
                    contents: Operation.Content.pictures + [.json(PictureBody.schema, example: PictureBody.example)],
                    headers: ["ETag": "Changes when the picture does."]
                )
            ],
            problems: [.notFound, .notAcceptable, .storeFull, .storeUnavailable]
        ) { call in
            try await withJSON(of: call) { values in try await process(values, call: call) }
        }
    }

    private func process(_ values: Values, call: Call) async throws -> Response {
        let id = try values.imageID()
        let transform = PictureTransform(values)
        let format = values.string("format").flatMap(ImageFormat.init(name:)) ?? .jpeg
        let quality = values.integer("quality") ?? 90
        // Before any work: an answer nobody accepts is not worth making.
        _ = try call.negotiated(from: pictureForms(first: format))

        let stages = call.context.stages
        // Each step is work of its own, so that a request that is given up ends at the next one and stores nothing.
        let processed = try await withSlot(call.context) {
            let image = try await work {
                let bytes = try pictures.originalBytes(id)
                stages.end(.read)
                let image = try decode(bytes)
                stages.end(.decode)
                return image
            }
            let processed = try await work {
                let changed = try transform.apply(to: image)
                stages.end(.transform)
                let bytes = try changed.encoded(as: format, quality: quality)
                stages.end(.encode)
                return StoredImage(
                    id: id,
                    bytes: bytes,
                    format: format.name,
                    width: changed.width,
                    height: changed.height
                )
            }
            try await work { try pictures.store.store(processed: processed) }
            stages.end(.store)
            return processed
        }
        return try await answer(call, with: processed, links: PictureBody.links(of: id, isProcessed: true))
    }

    private static let processFields = [
        Fields.imageID,
        Field(
            name: "scaling_factor",
            schema: .number(PictureTransform.scalingFactors).nullable().defaulting(to: 1)
                .described("New side over old side.").example(0.5)
        ),
        Field(
            name: "crop",
            schema: .object(
                ["x", "y"].map { Field(name: $0, schema: .integer(0...1_000_000), isRequired: true) }
                    + ["width", "height"].map { Field(name: $0, schema: .integer(1...1_000_000), isRequired: true) }
            ).nullable().described("The part to keep, in pixels of the upright picture.")
                .example(["x": 0, "y": 0, "width": 320, "height": 240])
        ),
        Field(
            name: "rotate",
            schema: .oneOf(PictureTransform.Rotation.allCases.map(\.rawValue)).nullable().defaulting(to: 0)
                .described("Degrees clockwise.")
        ),
        Field(
            name: "flip",
            schema: .oneOf(PictureTransform.Flip.allCases.map(\.rawValue)).nullable()
                .described("Whether to exchange left and right, or top and bottom.")
        ),
        Field(
            name: "grayscale",
            schema: .boolean.nullable().defaulting(to: false).described("Whether to drop the colours.")
        ),
        Field(
            name: "format",
            schema: .oneOf(ImageFormat.encodable.map(\.name)).nullable().defaulting(to: "jpeg")
                .described("Format that the version is stored in.")
        ),
        Field(
            name: "quality",
            schema: .integer(1...100).nullable().defaulting(to: 90).described("Quality of JPEG and WebP.")
        ),
    ]
}

extension PictureTransform {
    /// The steps that a request's members ask for.
    init(_ values: Values) {
        self.init(
            crop: values.object("crop").map { crop in
                Crop(
                    x: crop.integer("x") ?? 0,
                    y: crop.integer("y") ?? 0,
                    width: crop.integer("width") ?? 1,
                    height: crop.integer("height") ?? 1
                )
            },
            rotation: values.integer("rotate").flatMap(Rotation.init(rawValue:)) ?? .none,
            flip: values.string("flip").flatMap(Flip.init(rawValue:)),
            scalingFactor: values.number("scaling_factor") ?? 1,
            grayscale: values.bool("grayscale") ?? false
        )
    }
}
