/// What can go wrong with an evaluation.
public struct EvaluationError: Error, Sendable {
    /// The kind of failure; bounded text, fit for a metric label.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case unreadable
            case malformed
            case mismatch
        }

        private let kind: Kind

        /// A file is not there or may not be read.
        public static let unreadable = Code(kind: .unreadable)
        /// A file does not hold what its format asks for.
        public static let malformed = Code(kind: .malformed)
        /// The detections and the ground truth do not go together.
        public static let mismatch = Code(kind: .mismatch)

        /// The code in snake case.
        public var description: String { kind.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// What went wrong and what can be done about it; names the file and the place in it.
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

extension EvaluationError: CustomStringConvertible {
    /// The code, the message and the cause.
    public var description: String { "\(code): \(message)" + (cause.map { " (\($0))" } ?? "") }
}
