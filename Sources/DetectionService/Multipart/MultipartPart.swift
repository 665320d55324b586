/// The metadata of a part, from its headers.
package struct MultipartPart: Hashable, Sendable {
    /// The name of the form field.
    package let name: String
    /// The file name given by the client; nil if the field is not a file.
    ///
    /// For display only; never open it as a path.
    package let fileName: String?
    /// The media type claimed by the client; nil if it is missing or invalid.
    package let contentType: ContentType?

    /// Parses the header fields of a part.
    ///
    /// `filename*` is ignored, because RFC 7578 (section 4.2) forbids it; the plain `filename` is UTF-8.
    /// - Parameter fields: Lowercase names and their values.
    /// - Throws: ``MultipartError`` if the part is not a form field, is itself a multipart, or is encoded.
    init(fields: [(name: String, value: String)]) throws(MultipartError) {
        guard let text = try Self.value(of: "content-disposition", in: fields),
            let disposition = HeaderValue(text), disposition.value == "form-data",
            let name = disposition.parameters["name"]
        else {
            throw MultipartError(
                .malformed,
                "every part needs a header `Content-Disposition: form-data; name=\"…\"` with quoted values"
            )
        }
        // RFC 7578 deprecates this header; encoded content would have to be decoded first.
        if let encoding = try Self.value(of: "content-transfer-encoding", in: fields)?.lowercased(),
            !["binary", "8bit", "7bit"].contains(encoding)
        {
            throw MultipartError(.unsupported, "a part is encoded as '\(encoding)': send its bytes as they are")
        }
        contentType = try Self.value(of: "content-type", in: fields).flatMap { ContentType($0) }
        guard contentType?.type != "multipart" else {
            throw MultipartError(.unsupported, "a part is itself a multipart: send each file as a separate part")
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
