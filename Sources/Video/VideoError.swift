internal import Basics

/// Why moving pictures cannot be read or written.
package struct VideoError: ExplainedError, Sendable {
    /// The kind of failure.
    package enum Code: String, Sendable {
        /// The address is malformed, or of a kind that is not allowed.
        case invalidAddress = "invalid_address"
        /// ffmpeg is not installed.
        case toolMissing = "tool_missing"
        /// The source cannot be opened, or holds no moving pictures.
        case unreadable
        /// No picture came for too long.
        case stalled
        /// The pictures are larger than allowed.
        case tooLarge = "too_large"
        /// The size of the pictures changed.
        case sizeChanged = "size_changed"
        /// A video cannot be written.
        case notWritten = "not_written"
    }

    package var code: Code
    /// What is wrong and what to do about it, phrased to follow the source's name.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
