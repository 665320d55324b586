internal import Basics

/// An error in reading, transforming, drawing on or writing a picture.
public struct ImageError: Error, Sendable {
    /// The kind of failure; one of a fixed set, so it can be a metric label.
    public enum Code: String, Sendable, CustomStringConvertible {
        /// The bytes are not in a known picture format.
        case notAnImage = "not_an_image"
        /// The format is known, but this build does not support it or the variant in use.
        case unsupportedFormat = "unsupported_format"
        /// The format is known, but the content is damaged or truncated.
        case corrupt
        /// The picture exceeds a limit, such as that on bytes, pixels, pages or scans.
        case tooLarge = "too_large"
        /// The decoder crashed, or used more time or memory than it may.
        case decoderFailed = "decoder_failed"
        /// The caller's task was cancelled.
        case stopped
        /// A crop, a scaling factor or another step does not fit the picture.
        case invalidTransform = "invalid_transform"
        /// A side of the picture is longer than the output format allows.
        case unsupportedSize = "unsupported_size"
        /// The picture could not be written or drawn on.
        case encodingFailed = "encoding_failed"

        /// The code in snake case.
        public var description: String { rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong, and what the caller can do about it.
    public var message: String
    /// The underlying error, if there is one.
    public var cause: (any Error)?

    /// Creates an error; `cause` is the error underneath, if any.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

extension ImageError: CustomStringConvertible {
    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}

extension ImageError {
    static let stopped = ImageError(.stopped, "the work was stopped")

    static func damaged(_ format: ImageFormat, cause: any Error) -> ImageError {
        ImageError(
            .corrupt,
            "the \(format) is damaged or truncated: send the complete file, or save it again with another program",
            cause: cause
        )
    }
}

extension ImageError: ExplainedError {}
