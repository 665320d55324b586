internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import JSONSchema
internal import Scheduling

/// `POST /detect`: detects objects in one or several pictures of the request; nothing is stored.
struct Detect: Endpoint {
    let bodies: RequestBodies
    let detection: DetectionResponder

    let operation = Operation(
        id: "detect",
        method: .post,
        path: "/detect",
        tag: .detection,
        summary: "Detects objects in a picture of the request; nothing is stored.",
        details: """
            The body is the picture's bytes, whatever their `Content-Type`; or `multipart/form-data` with one or \
            several pictures, which returns a list; or JSON with the picture in base64.
            """,
        queryFields: Fields.detection + [Fields.drawnImage(default: "none")],
        body: [
            .picture, .multipart(isSingle: false),
            .json(
                [
                    Field(
                        name: "image",
                        schema: Base64.schema.described("A picture in base64, or as a data: URL."),
                        isRequired: true
                    )
                ],
                example: ["image": .string(Base64.examplePicture)]
            ),
        ],
        answers: [
            Operation.Answer(
                summary: "The detections, best first; a list of them for a multipart body; or the drawn picture.",
                contents: [
                    .json(
                        .anyOf([DetectionBody.schema, .array(of: DetectionBody.schema)]),
                        example: DetectionBody.exampleValue
                    )
                ] + Operation.Content.pictures
            )
        ],
        problems: [.notFound, .notAcceptable]
    )

    func respond(to call: Call) async throws -> Response {
        let query = try detection.query(call, values: call.query, at: "query", drawn: "none")
        let contentType = call.contentType
        if let contentType, contentType.essence == "multipart/form-data" {
            return try await detectParts(query, call: call, contentType: contentType)
        }
        if contentType?.essence == "application/json" {
            return try await bodies.withJSON(of: call, flow: query.flow) { values in
                let text = values.string("image") ?? ""
                let body = try await detection.body(query, call: call) {
                    try Base64.picture(text, at: ["body", "image"])
                }
                return try detection.response(body, query.form)
            }
        }
        return try await bodies.withBytes(of: call, flow: query.flow) { picture in
            let body = try await detection.body(query, call: call) { picture }
            return try detection.response(body, query.form)
        }
    }

    private func detectParts(
        _ query: DetectionResponder.Query,
        call: Call,
        contentType: ContentType
    ) async throws -> Response {
        guard case .json = query.form else {
            throw Problem(.notAcceptable, "Results of a multipart body are application/json; accept that.")
        }
        return try await bodies.withParts(of: call, flow: query.flow, contentType: contentType) { parts in
            var results: [[UInt8]] = []
            var byteCount = 0
            for (index, part) in parts.enumerated() {
                do {
                    results.append(try await detection.body(query, call: call) { part })
                    byteCount += results[index].count
                    guard byteCount <= detection.budget.maximumBodyBytes else {
                        throw Problem(
                            .tooLarge,
                            "The results are too large: send fewer pictures, or use image=none or masks=rle."
                        )
                    }
                } catch let error as ImageError {
                    var problem = Problem(error)
                    problem.detail = "Picture \(index + 1) of \(parts.count): \(problem.detail)"
                    throw problem
                }
            }
            let list = results
            let body = try await bodies.workers.run {
                var json = JSONWriter()
                json.array { json in
                    for result in list { json.json(result) }
                }
                return json.bytes
            }
            return try detection.response(body, query.form)
        }
    }
}
