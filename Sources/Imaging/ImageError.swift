/// What can go wrong with a picture.
public struct ImageError: Error, Sendable {
    /// The kind of failure; bounded text, fit for a metric label.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case notAnImage = "not_an_image"
            case unsupportedFormat = "unsupported_format"
            case corrupt
            case tooLarge = "too_large"
            case invalidTransform = "invalid_transform"
            case unsupportedSize = "unsupported_size"
            case encodingFailed = "encoding_failed"
        }

        private let kind: Kind

        /// The bytes are of no picture format known here.
        public static let notAnImage = Code(kind: .notAnImage)
        /// The bytes are of a picture format that this build does not take.
        public static let unsupportedFormat = Code(kind: .unsupportedFormat)
        /// The picture's format is known, its content is damaged or cut off.
        public static let corrupt = Code(kind: .corrupt)
        /// The picture has more pixels or frames than the limits allow.
        public static let tooLarge = Code(kind: .tooLarge)
        /// A crop, scale or other step does not fit the picture.
        public static let invalidTransform = Code(kind: .invalidTransform)
        /// The picture has a side longer than the format to write it in allows.
        public static let unsupportedSize = Code(kind: .unsupportedSize)
        /// The codec could not write the picture.
        public static let encodingFailed = Code(kind: .encodingFailed)

        /// The code in snake case.
        public var description: String { kind.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// What went wrong and what the caller can do about it.
    public var message: String
    /// The error underneath, if there is one.
    public var cause: (any Error)?

    /// Makes an error.
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
    static func damaged(_ format: ImageFormat, cause: any Error) -> ImageError {
        ImageError(
            .corrupt,
            "the \(format) is damaged or cut off: send the whole file, or save it again with another program",
            cause: cause
        )
    }
}
