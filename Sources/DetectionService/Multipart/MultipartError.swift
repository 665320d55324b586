/// Why a multipart body was refused.
package struct MultipartError: Error, Sendable {
    /// The kind of failure; bounded text, fit for a metric label.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case notMultipart = "not_multipart"
            case malformed
            case truncated
            case unsupported
            case tooManyParts = "too_many_parts"
            case headersTooLarge = "headers_too_large"
            case partTooLarge = "part_too_large"
        }

        private let kind: Kind

        /// The media type is not `multipart/form-data` with a usable boundary.
        package static let notMultipart = Code(kind: .notMultipart)
        /// The body does not follow the grammar.
        package static let malformed = Code(kind: .malformed)
        /// The body is empty or ends before its last boundary.
        package static let truncated = Code(kind: .truncated)
        /// The body follows the grammar and uses something that is not taken here, such as a multipart in a part.
        package static let unsupported = Code(kind: .unsupported)
        /// There are more parts than the limit.
        package static let tooManyParts = Code(kind: .tooManyParts)
        /// The headers of one part are longer than the limit.
        package static let headersTooLarge = Code(kind: .headersTooLarge)
        /// The content of one part is longer than the limit.
        package static let partTooLarge = Code(kind: .partTooLarge)

        /// The code in snake case.
        package var description: String { kind.rawValue }
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
