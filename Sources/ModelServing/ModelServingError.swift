internal import Basics

/// A problem with the set of served models.
package struct ModelServingError: ExplainedError, Sendable {
    /// The kind of failure.
    package enum Code: String, Sendable {
        /// No model of that name is served.
        case unknownModel = "unknown_model"
        /// The model directory cannot be read; the models stay as they were.
        case unreadableDirectory = "unreadable_directory"
        /// Models are already being loaded, and several more calls wait for that.
        case busy
        /// The model's file cannot be loaded.
        case unusableModel = "unusable_model"
        /// The default model cannot be unloaded.
        case isDefault = "is_default"
    }

    package var code: Code
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
