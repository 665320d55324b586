internal import Basics

/// An error while reading ground truth or evaluating detections.
package struct EvaluationError: ExplainedError, Sendable {
    /// Kind of failure, from a fixed set of values suitable as metric labels.
    package enum Code: String, Sendable, CustomStringConvertible {
        /// A file is missing or cannot be read.
        case unreadable
        /// A file does not conform to its format.
        case malformed
        /// The detections or the model do not match the ground truth.
        case mismatch

        /// The code in snake case.
        package var description: String { rawValue }
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
