internal import Basics

/// An error from reading, building, compiling or running a model.
package struct InferenceError: ExplainedError, Sendable {
    /// Kind of failure; its text comes from a fixed set and can label a metric.
    package enum Code: String, Sendable, CustomStringConvertible {
        /// The model cannot be read or run.
        case invalidModel = "invalid_model"
        /// A port, shape or option does not fit the model.
        case invalidArgument = "invalid_argument"
        /// The runtime itself failed.
        case failed

        /// The code in snake case.
        package var description: String { rawValue }
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
