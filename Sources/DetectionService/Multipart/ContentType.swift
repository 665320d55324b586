/// A media type with all of its parameters, as in `multipart/form-data; charset=utf-8; boundary="a b"`.
///
/// - SeeAlso: RFC 9110, section 8.3.1.
package struct ContentType: Hashable, Sendable {
    /// The type in lower case, such as `multipart`.
    package let type: String
    /// The subtype in lower case, such as `form-data`.
    package let subtype: String
    /// The parameters' values, unquoted and as written, by their names in lower case.
    package let parameters: [String: String]

    /// Type and subtype without the parameters, such as `image/jpeg`.
    package var essence: String { "\(type)/\(subtype)" }

    /// Reads the value of a `Content-Type` field, or gives nil where it is none.
    package init?(_ text: String) {
        guard let header = HeaderValue(text) else { return nil }
        let names = header.value.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names.allSatisfy({ !$0.isEmpty }) else { return nil }
        type = String(names[0])
        subtype = String(names[1])
        parameters = header.parameters
    }
}
