internal import Basics

/// Why a picture was not fetched.
package struct FetchError: ExplainedError, Sendable {
    /// The kind of failure.
    package enum Code: String, Sendable {
        /// The address may not be fetched.
        case forbidden
        /// The address is malformed, or what is there is no picture.
        case invalid
        /// The picture is too large.
        case tooLarge = "too_large"
        /// It did not arrive.
        case unreachable
    }

    package var code: Code
    package var message: String
    package var cause: (any Error)?

    init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
