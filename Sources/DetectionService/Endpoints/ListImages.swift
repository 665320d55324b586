internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import Scheduling
internal import Storage

/// `GET /images`: ids of uploads, or of the dataset's pictures, page by page.
struct ListImages: Endpoint {
    let pictures: PictureLibrary
    let workers: WorkerPool

    let operation = Operation(
        id: "list_images",
        method: .get,
        path: "/images",
        tag: .pictures,
        summary: "Lists pictures, sorted by id.",
        queryFields: [
            Field(
                name: "source",
                schema: .oneOf(["uploads", "dataset"]).defaulting(to: "uploads")
                    .described("Your uploads, or the dataset's pictures.")
            ),
            Field(name: "limit", schema: .integer(1...1000).defaulting(to: 100).described("Pictures per page.")),
            Field(
                name: "cursor",
                schema: Fields.imageIDText.described("`next` of the previous page; without it, the first page.")
            ),
        ],
        answers: [Operation.Answer(summary: "A page of pictures.", contents: [.json(PageBody.self)])],
        problems: [.notAcceptable, .storeUnavailable]
    )

    func respond(to call: Call) async throws -> Response {
        _ = try call.negotiated(from: ["application/json"])
        let limit = call.query.integer("limit") ?? 100
        let cursor = call.query.string("cursor").flatMap(ImageID.init)
        let isDataset = call.query.string("source") == "dataset"
        let page = try await workers.run {
            // One more than fits on the page, to find out whether there is a next page.
            let ids =
                try isDataset
                ? Array(pictures.dataset?.ids(after: cursor, limit: limit + 1) ?? [])
                : pictures.store.uploads(after: cursor, limit: limit + 1).map(\.id)
            return PageBody(ids: ids, limit: limit)
        }
        return try .json(page)
    }
}

/// A page of a list of pictures, as JSON.
private struct PageBody: JSONObject {
    struct Item: JSONObject {
        var id: ImageID

        static let members: [JSONMember<Item>] = [
            JSONMember("id", schema: Fields.imageIDText, \.id.description),
            JSONMember("links") { PictureLinks(of: $0.id) },
        ]
        static let example = Item(id: .example)
    }

    var images: [Item]
    var next: String?

    init(ids: [ImageID], limit: Int) {
        images = ids.prefix(limit).map(Item.init)
        next = ids.count > limit ? images.last?.id.description : nil
    }

    static let members: [JSONMember<PageBody>] = [
        JSONMember("images", \.images),
        JSONMember(optional: "next", "Cursor of the next page; absent on the last.", \.next),
    ]
    static let example = PageBody(ids: [.example], limit: 1)
}
