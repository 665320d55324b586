internal import Basics

/// An error while reading ground truth or evaluating detections.
package struct EvaluationError: ExplainedError, Sendable {
    /// Kind of failure, from a fixed set of values suitable as metric labels.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case unreadable
            case malformed
            case mismatch
        }

        private let kind: Kind

        /// A file is missing or cannot be read.
        package static let unreadable = Code(kind: .unreadable)
        /// A file does not conform to its format.
        package static let malformed = Code(kind: .malformed)
        /// The detections or the model do not match the ground truth.
        package static let mismatch = Code(kind: .mismatch)

        /// The code in snake case.
        package var description: String { kind.rawValue }
    }

    /// Kind of failure.
    package var code: Code
    /// What went wrong, where in which file, and what to do about it.
    package var message: String
    /// Underlying error, if any.
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

extension EvaluationError: CustomStringConvertible {
    /// The code, the message and the cause.
    package var description: String { "\(code): \(message)" + (cause.map { " (\($0))" } ?? "") }
}
