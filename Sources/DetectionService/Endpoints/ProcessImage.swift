internal import DecodeWorkers
internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import JSONSchema
internal import Scheduling
internal import Storage

/// `POST /process_image`: makes and stores the version of a picture that `/predict` uses.
struct ProcessImage: Endpoint {
    let pictures: PictureLibrary
    let pipeline: DetectionPipeline
    let bodies: RequestBodies
    let responder: PictureResponder

    let operation = Operation(
        id: "process_image",
        method: .post,
        path: "/process_image",
        tag: .pictures,
        summary: "Makes and stores the version of a picture that /predict uses.",
        details: """
            The steps run in this order, whatever the order of the members: crop, rotate, flip, scale, grayscale. The \
            latest version of a picture replaces earlier ones.
            """,
        body: [.json(Self.fields, example: ["image_id": "000000000144", "scaling_factor": 0.5])],
        answers: [
            Operation.Answer(
                summary: "The processed picture.",
                contents: Operation.Content.pictures + [.json(PictureBody.self)],
                headers: ["ETag": "Changes when the picture does."]
            )
        ],
        problems: [.notFound, .notAcceptable, .storeFull, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        try await bodies.withJSON(of: call) { values in try await process(values, call: call) }
    }

    private func process(_ values: Values, call: Call) async throws -> Response {
        let id = try values.imageID()
        let transform = PictureTransform(values)
        let format = values.string("format").flatMap(ImageFormat.init(name:)) ?? .jpeg
        let quality = values.integer("quality") ?? 90
        // Rejects an unacceptable `Accept` before any work is done.
        _ = try call.negotiated(from: PictureResponder.mediaTypes(first: format))

        let stages = call.context.stages
        // Separate steps, so that a cancelled request ends at the next one and stores nothing.
        let processed = try await call.withSlot(of: pipeline.queue) {
            let image = try await pipeline.workers.perform {
                let bytes = try pictures.originalBytes(id)
                stages.end(.read)
                let image = try await pipeline.decoder.decode(bytes)
                stages.end(.decode)
                return image
            }
            let processed = try await pipeline.workers.perform {
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
            try await pipeline.workers.run { try pictures.store.store(processed: processed) }
            stages.end(.store)
            return processed
        }
        return try await responder.respond(to: call, with: processed, links: PictureLinks(of: id, isProcessed: true))
    }

    private static let fields = [
        Fields.imageID,
        Field(
            name: "scaling_factor",
            schema: .number(PictureTransform.scalingFactors).nullable().defaulting(to: 1)
                .described("New side divided by old side.").example(0.5)
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
                .described("Mirrors the picture left to right, or top to bottom.")
        ),
        Field(
            name: "grayscale",
            schema: .boolean.nullable().defaulting(to: false).described("Whether to remove the colours.")
        ),
        Field(
            name: "format",
            schema: .oneOf(ImageFormat.encodable.map(\.name)).nullable().defaulting(to: "jpeg")
                .described("Format of the stored version.")
        ),
        Field(
            name: "quality",
            schema: .integer(1...100).nullable().defaulting(to: 90).described("Quality of JPEG and WebP.")
        ),
    ]
}

extension PictureTransform {
    /// Makes the transform that a request's body describes.
    fileprivate init(_ values: Values) {
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
