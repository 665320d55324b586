internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import Imaging

extension ServiceComponents {
    var detect: Operation {
        Operation(
            id: "detect",
            method: .post,
            path: "/detect",
            tag: .detection,
            summary: "Finds the objects in your own picture; nothing is stored.",
            details: """
                The body is the picture's bytes, whatever their `Content-Type` says; or `multipart/form-data` with one \
                or several pictures, which is answered with a list; or JSON with the picture in base64.
                """,
            queryFields: Fields.detection + [Fields.drawnImage(default: "none")],
            body: [
                .picture, .multipart(isSingle: false),
                .json(
                    [
                        Field(
                            name: "image",
                            schema: Schema(kind: .string(.base64)).described("A picture, or a data: URL of one."),
                            isRequired: true
                        )
                    ],
                    example: ["image": .string(Self.examplePicture)]
                ),
            ],
            answers: [
                Operation.Answer(
                    summary: "The detections, best first; a list of them for a multipart body; or the drawn picture.",
                    contents: [
                        .json(
                            .anyOf([DetectionBody.schema, .array(of: DetectionBody.schema)]),
                            example: DetectionBody.example
                        )
                    ] + Operation.Content.pictures
                )
            ],
            problems: [.notFound, .notAcceptable]
        ) { call in
            let wanted = try detectionRequest(call, values: call.query, at: "query", drawn: "none")
            let contentType = call.request.headers[.contentType].flatMap(ContentType.init)
            if let contentType, contentType.essence == "multipart/form-data" {
                return try await detectParts(wanted, call: call, contentType: contentType)
            }
            if contentType?.essence == "application/json" {
                return try await withJSON(of: call) { values in
                    let text = values.string("image") ?? ""
                    let bytes = try await detect(wanted, call: call, imageID: nil) {
                        try Self.picture(inBase64: text)
                    }
                    return try answer(bytes, wanted.form)
                }
            }
            return try await withBody(of: call) { body in
                try answer(try await detect(wanted, call: call, imageID: nil) { body }, wanted.form)
            }
        }
    }

    private func detectParts(_ wanted: DetectionRequest, call: Call, contentType: ContentType) async throws -> Response
    {
        guard case .json = wanted.form else {
            throw Problem(.notAcceptable, "A list of pictures is answered in application/json; accept that.")
        }
        return try await withParts(of: call, contentType: contentType) { parts in
            var answers: [[UInt8]] = []
            var byteCount = 0
            for (index, part) in parts.enumerated() {
                do {
                    answers.append(try await detect(wanted, call: call, imageID: nil) { part })
                    byteCount += answers[index].count
                    guard byteCount <= settings.maximumBodyBytes else {
                        throw Problem(
                            .tooLarge,
                            "The answers are too large together: send fewer pictures, or image=none, or masks=rle."
                        )
                    }
                } catch let error as ImageError {
                    var problem = Problem(error)
                    problem.detail = "Picture \(index + 1) of \(parts.count): \(problem.detail)"
                    throw problem
                }
            }
            let list = answers
            let bytes = try await work {
                var json = JSONWriter()
                json.array { json in
                    for answer in list { json.json(answer) }
                }
                return json.bytes
            }
            return try answer(bytes, wanted.form)
        }
    }

    /// Decodes base64, with or without the head of a data URL.
    private static func picture(inBase64 text: String) throws -> [UInt8] {
        var digits = Array(text.utf8)[...]
        if text.hasPrefix("data:") { digits = digits.drop { $0 != UInt8(ascii: ",") }.dropFirst() }
        // Lines of 76 characters, as base64(1) and MIME write them.
        let joined = digits.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard let data = Data(base64Encoded: Data(joined)), !data.isEmpty else {
            let error = ValidationError(
                location: ["body", "image"],
                message: "must be a picture in base64",
                type: "not_base64"
            )
            throw Problem(errors: [error])
        }
        return Array(data)
    }

    /// A GIF of one pixel.
    private static let examplePicture = "R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs="
}
