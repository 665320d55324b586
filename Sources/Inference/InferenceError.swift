internal import Basics

/// An error from reading, building, compiling or running a model.
package struct InferenceError: ExplainedError, Sendable {
    /// Kind of failure; its text comes from a fixed set and can label a metric.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case invalidModel = "invalid_model"
            case invalidArgument = "invalid_argument"
            case failed
        }

        private let kind: Kind

        /// The model cannot be read or run.
        package static let invalidModel = Code(kind: .invalidModel)
        /// A port, shape or option does not fit the model.
        package static let invalidArgument = Code(kind: .invalidArgument)
        /// The runtime itself failed.
        package static let failed = Code(kind: .failed)

        /// The code in snake case.
        package var description: String { kind.rawValue }
    }

    /// The kind of failure.
    package var code: Code
    /// What went wrong and what the caller can do about it.
    package var message: String
    /// Underlying error, if any.
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

extension InferenceError: CustomStringConvertible {
    /// The code and the message.
    package var description: String { "\(code): \(message)" }
}
