internal import DetectionPipeline
internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import JSONSchema
internal import ModelServing
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
            several pictures, which returns a list; or JSON with a picture in base64, or with a list of them, which \
            returns a list with a problem for each that cannot be read. In JSON, all options but `image` may \
            also be members; they go before those of the query.
            """,
        queryFields: Fields.detection + [Fields.drawnImage(default: "none")],
        body: [
            .picture, .multipart(isSingle: false),
            .json(
                [
                    Field(
                        name: "image",
                        schema: Base64.schema.described("A picture in base64, or as a data: URL.")
                    ),
                    Field(
                        name: "images",
                        schema: .array(of: Base64.schema, count: 1...Fields.maximumPictures)
                            .described("Pictures in base64, in place of image.")
                    ),
                ] + Fields.detection,
                oneOf: ["image", "images"],
                example: ["image": .string(Base64.examplePicture)]
            ),
        ],
        answers: [
            Operation.Answer(
                summary: "The detections, best first; a list of them for several pictures; or the drawn picture.",
                contents: [
                    .json(
                        .anyOf([
                            DetectionBody.schema, .array(of: .anyOf([DetectionBody.schema, ProblemBody.schema])),
                        ]),
                        example: DetectionBody.exampleValue
                    )
                ] + Operation.Content.pictures
            )
        ],
        problems: [.notFound, .notAcceptable]
    )

    func respond(to call: Call) async throws -> Response {
        let contentType = call.contentType
        if contentType?.essence == "application/json" {
            // Which model it is may stand in the body.
            let named = call.query.string(DetectionFields.model.name) ?? detection.models.defaultName
            return try await bodies.withJSON(of: call, flow: named) { values in
                let query = try await detection.query(
                    call,
                    // In a query, `image` is the format of the drawn picture.
                    values: values.without("image").filled(from: call.query),
                    at: "body",
                    drawn: "none"
                )
                return try await detectInJSON(values, query, call: call)
            }
        }
        let query = try await detection.query(call, values: call.query, at: "query", drawn: "none")
        if let contentType, contentType.essence == "multipart/form-data" {
            return try await detectParts(query, call: call, contentType: contentType)
        }
        return try await bodies.withBytes(of: call, flow: query.flow) { picture in
            let body = try await detection.body(query, call: call) { picture }
            return try detection.response(body, query.form)
        }
    }

    private func detectInJSON(
        _ values: Values,
        _ query: DetectionResponder.Query,
        call: Call
    ) async throws -> Response {
        guard let list = values.array("images") else {
            let text = values.string("image") ?? ""
            let body = try await detection.body(query, call: call) { try Base64.picture(text, at: ["body", "image"]) }
            return try detection.response(body, query.form)
        }
        return try await detectEach(list.count, query, call: call) { index in
            guard case .string(let text) = list[index] else { return [] }
            return try Base64.picture(text, at: ["body", "images", "\(index)"])
        } failure: { problem, _ in
            try ProblemBody(problem, requestID: call.context.requestID).json()
        }
    }

    private func detectParts(
        _ query: DetectionResponder.Query,
        call: Call,
        contentType: ContentType
    ) async throws -> Response {
        try await bodies.withParts(of: call, flow: query.flow, contentType: contentType) { parts in
            try await detectEach(parts.count, query, call: call) { index in
                parts[index]
            } failure: { problem, index in
                var problem = problem
                problem.detail = "Picture \(index + 1) of \(parts.count): \(problem.detail)"
                throw problem
            }
        }
    }

    /// Detects objects in several pictures, and returns a list.
    ///
    /// - Parameters:
    ///   - count: Number of pictures.
    ///   - query: What to detect.
    ///   - call: The request.
    ///   - picture: Returns the bytes of a picture.
    ///   - failure: Returns what stands in the list for a picture that cannot be read, or throws.
    /// - Returns: The response.
    /// - Throws: ``Problem``; errors of `DetectionPipeline.detect`, `picture` and `failure`.
    private func detectEach(
        _ count: Int,
        _ query: DetectionResponder.Query,
        call: Call,
        picture: @escaping @Sendable (Int) throws -> [UInt8],
        failure: (Problem, Int) throws -> [UInt8]
    ) async throws -> Response {
        guard case .json = query.form else {
            throw Problem(.notAcceptable, "Results of several pictures are application/json; accept that.")
        }
        let advice = "send fewer pictures, or use image=none or masks=rle"
        let body = try await detection.list(count, advice: advice) { index in
            do {
                return try await detection.body(query, call: call) { try picture(index) }
            } catch let error where error is ImageError || error is ValidationErrors {
                return try failure(Problem(error), index)
            }
        }
        return try detection.response(body, query.form)
    }
}
