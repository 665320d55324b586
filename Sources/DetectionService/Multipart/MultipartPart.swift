/// What the headers of a part say about it.
package struct MultipartPart: Hashable, Sendable {
    /// The name of the form's field.
    package let name: String
    /// The file name that the client gave, or nil for a field that is no file.
    ///
    /// Text to show, never a path to open.
    package let fileName: String?
    /// The media type that the client claims; nil where it gave none, or one that is not readable.
    package let contentType: ContentType?

    /// Reads the header fields of a part.
    ///
    /// `filename*` is ignored, as RFC 7578 (section 4.2) forbids it: the plain `filename` is UTF-8.
    /// - Parameter fields: Names in lower case, with their values.
    /// - Throws: ``MultipartError`` where the part is no part of a form, is a multipart itself, or is encoded.
    init(fields: [(name: String, value: String)]) throws(MultipartError) {
        guard let text = try Self.value(of: "content-disposition", in: fields),
            let disposition = HeaderValue(text), disposition.value == "form-data",
            let name = disposition.parameters["name"]
        else {
            throw MultipartError(
                .malformed,
                "every part needs a header `Content-Disposition: form-data; name=\"…\"`, its values in quotes"
            )
        }
        // RFC 7578 retires this header, and what it says would have to be undone before the bytes are a picture.
        if let encoding = try Self.value(of: "content-transfer-encoding", in: fields)?.lowercased(),
            !["binary", "8bit", "7bit"].contains(encoding)
        {
            throw MultipartError(.unsupported, "a part is encoded as '\(encoding)': send its bytes as they are")
        }
        contentType = try Self.value(of: "content-type", in: fields).flatMap { ContentType($0) }
        guard contentType?.type != "multipart" else {
            throw MultipartError(.unsupported, "a part is a multipart itself: send each file as a part of its own")
        }
        self.name = name
        fileName = disposition.parameters["filename"]
    }

    private static func value(
        of name: String,
        in fields: [(name: String, value: String)]
    ) throws(MultipartError) -> String? {
        let values = fields.lazy.filter { $0.name == name }.map(\.value)
        guard values.count < 2 else { throw MultipartError(.malformed, "a part has two '\(name)' headers") }
        return values.first
    }
}
