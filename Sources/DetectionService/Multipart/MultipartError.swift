/// Why a multipart body was rejected.
package struct MultipartError: Error, Sendable {
    /// The kind of failure; one of a fixed set of texts, so usable as a metric label.
    package enum Code: String, Sendable, CustomStringConvertible {
        /// The media type is not `multipart/form-data` with a usable boundary.
        case notMultipart = "not_multipart"
        /// The body does not follow the grammar.
        case malformed
        /// The body is empty or ends before its last boundary.
        case truncated
        /// The body follows the grammar but uses an unsupported feature, such as a nested multipart.
        case unsupported
        /// The body has more parts than the limit.
        case tooManyParts = "too_many_parts"
        /// The headers of one part are longer than the limit.
        case headersTooLarge = "headers_too_large"
        /// The content of one part is longer than the limit.
        case partTooLarge = "part_too_large"

        /// The code in snake case.
        package var description: String { rawValue }
    }

    /// The kind of failure.
    package var code: Code
    /// What went wrong and what the client can do about it.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension MultipartError: CustomStringConvertible {
    package var description: String { "\(code): \(message)" }
}
