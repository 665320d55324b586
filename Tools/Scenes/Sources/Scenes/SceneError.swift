/// An error from drawing or saving scenes.
public struct SceneError: Error, Sendable {
    /// The kind of failure.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case drawingFailed = "drawing_failed"
            case notEmpty = "not_empty"
            case writingFailed = "writing_failed"
        }

        private let kind: Kind

        /// A picture could not be drawn or encoded.
        public static let drawingFailed = Code(kind: .drawingFailed)
        /// The output folder is not empty.
        public static let notEmpty = Code(kind: .notEmpty)
        /// A file or folder could not be written.
        public static let writingFailed = Code(kind: .writingFailed)

        /// The code in snake case.
        public var description: String { kind.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// What went wrong and what the caller can do about it.
    public var message: String
    /// Underlying error, if any.
    public var cause: (any Error)?

    /// Creates an error with a message for the user and an optional cause.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
