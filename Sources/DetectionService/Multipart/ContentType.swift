/// A media type with its parameters, such as `multipart/form-data; charset=utf-8; boundary="a b"`.
///
/// - SeeAlso: RFC 9110, section 8.3.1.
package struct ContentType: Hashable, Sendable {
    /// The type in lower case, such as `multipart`.
    package let type: String
    /// The subtype in lower case, such as `form-data`.
    package let subtype: String
    /// Parameter values by lowercase name, unquoted and in their original case.
    package let parameters: [String: String]

    /// Type and subtype without parameters, such as `image/jpeg`.
    package var essence: String { "\(type)/\(subtype)" }

    /// Parses the value of a `Content-Type` header; nil if it is not a media type.
    package init?(_ text: String) {
        guard let header = HeaderValue(text) else { return nil }
        let names = header.value.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names.allSatisfy({ !$0.isEmpty }) else { return nil }
        type = String(names[0])
        subtype = String(names[1])
        parameters = header.parameters
    }
}
