internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import Storage

extension ServiceComponents {
    var uploadImage: Operation {
        Operation(
            id: "upload_image",
            method: .post,
            path: "/images",
            tag: .pictures,
            summary: "Keeps a picture of your own.",
            details: """
                The body is the picture's bytes, or `multipart/form-data` with one picture. The picture's id is made \
                from its bytes, so that the same picture has the same id.
                """,
            body: [.picture, .multipart(isSingle: true)],
            answers: [
                Operation.Answer(status: .created, summary: "The picture is kept.", contents: [Self.pictureJSON]),
                Operation.Answer(status: .ok, summary: "The picture was there already.", contents: [Self.pictureJSON]),
            ],
            problems: [.notAcceptable, .storeFull, .storeUnavailable]
        ) { call in
            _ = try call.negotiated(from: ["application/json"])
            let contentType = call.request.headers[.contentType].flatMap(ContentType.init)
            guard let contentType, contentType.essence == "multipart/form-data" else {
                return try await withBody(of: call) { try await keep($0, call: call) }
            }
            return try await withParts(of: call, contentType: contentType) { parts in
                guard parts.count == 1 else {
                    throw Problem(.malformed, "The body has \(parts.count) parts; send one picture at a time.")
                }
                return try await keep(parts[0], call: call)
            }
        }
    }

    private func keep(_ bytes: [UInt8], call: Call) async throws -> Response {
        let stages = call.context.stages
        let (metadata, isNew) = try await withSlot(call.context) {
            let picture = try await work {
                // Decoded whole: a picture that is kept must be one that can be used later.
                let image = try decode(bytes)
                stages.end(.decode)
                let format = ImageFormat.sniff(bytes.span.bytes)?.name ?? ""
                return StoredImage(bytes: bytes, format: format, width: image.width, height: image.height)
            }
            let isNew = try await work { try pictures.store.store(upload: picture) }
            stages.end(.store)
            return (picture.metadata, isNew)
        }
        var response = try Response.json(
            PictureBody(metadata, links: PictureBody.links(of: metadata.id)),
            status: isNew ? .created : .ok
        )
        response.headers[.location] = "/get_image/\(metadata.id)"
        return response
    }

    var listImages: Operation {
        Operation(
            id: "list_images",
            method: .get,
            path: "/images",
            tag: .pictures,
            summary: "Lists pictures in the order of their ids.",
            queryFields: [
                Field(
                    name: "source",
                    schema: .oneOf(["uploads", "dataset"]).defaulting(to: "uploads")
                        .described("Your own pictures or the dataset's.")
                ),
                Field(name: "limit", schema: .integer(1...1000).defaulting(to: 100).described("Pictures on a page.")),
                Field(
                    name: "cursor",
                    schema: Fields.imageIDText.described("`next` of the page before; the first page without it.")
                ),
            ],
            answers: [
                Operation.Answer(
                    summary: "A page of pictures.",
                    contents: [.json(PageBody.schema, example: PageBody.example)]
                )
            ],
            problems: [.notAcceptable, .storeUnavailable]
        ) { call in
            _ = try call.negotiated(from: ["application/json"])
            let limit = call.query.integer("limit") ?? 100
            let cursor = call.query.string("cursor").flatMap(ImageID.init)
            let isDataset = call.query.string("source") == "dataset"
            let page = try await work {
                // One more than the page holds tells whether there is a next one.
                let ids =
                    try isDataset
                    ? Array(pictures.dataset?.ids(after: cursor, limit: limit + 1) ?? [])
                    : pictures.store.uploads(after: cursor, limit: limit + 1).map(\.id)
                return PageBody(ids: ids, limit: limit)
            }
            return try .json(page)
        }
    }

    var deleteImage: Operation {
        Operation(
            id: "delete_image",
            method: .delete,
            path: "/images/{image_id}",
            tag: .pictures,
            summary: "Deletes a picture of your own and its processed version.",
            pathFields: [Fields.pathImageID],
            answers: [Operation.Answer(status: .noContent, summary: "The picture is gone.")],
            problems: [.notFound, .forbidden, .storeUnavailable]
        ) { call in
            let id = try call.path.imageID()
            guard pictures.dataset?.path(of: id) == nil else {
                throw Problem(.forbidden, "Picture \(id) belongs to the dataset, which cannot be changed.")
            }
            guard try await work({ try pictures.store.deleteUpload(id) }) else { throw PictureLibrary.notFound(id) }
            return Response(status: .noContent)
        }
    }

    private static let pictureJSON = Operation.Content.json(PictureBody.schema, example: PictureBody.example)
}

/// A page of a list of pictures, as JSON.
struct PageBody: Encodable {
    struct Item: Encodable {
        var id: String
        var links: [String: String]
    }

    var images: [Item]
    var next: String?

    init(ids: [ImageID], limit: Int) {
        images = ids.prefix(limit).map { Item(id: $0.description, links: PictureBody.links(of: $0)) }
        next = ids.count > limit ? images.last?.id : nil
    }

    static let schema = Schema.object([
        Field(
            name: "images",
            schema: .array(
                of: .object([
                    Field(name: "id", schema: Fields.imageIDText, isRequired: true),
                    Field(name: "links", schema: PictureBody.linksSchema, isRequired: true),
                ])
            ),
            isRequired: true
        ),
        Field(name: "next", schema: .anyString.described("Cursor of the next page; absent on the last.")),
    ])

    static let example: JSONValue = [
        "images": [
            [
                "id": "img_5e884898da28047151d0e56f8dc62927",
                "links": [
                    "self": "/get_image/img_5e884898da28047151d0e56f8dc62927", "process": "/process_image",
                    "predict": "/predict",
                ],
            ]
        ]
    ]
}
