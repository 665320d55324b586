internal import Basics

/// An error in reading a checkpoint.
package struct PyTorchError: ExplainedError, Sendable {
    /// Kind of failure, from a fixed set that is suitable for a metric label.
    package enum Code: String, Sendable, CustomStringConvertible {
        /// The file is not a zip file, or not one written by `torch.save`.
        case notAnArchive = "not_an_archive"
        /// The file is not a regular file, or the system cannot open or read it.
        case unreadable
        /// The file is damaged, cut off or deliberately malformed.
        case corrupt
        /// The file exceeds a limit.
        case tooLarge = "too_large"
        /// The file has a known format that is not supported.
        case unsupported

        /// The code in snake case.
        package var description: String { rawValue }
    }

    /// The kind of failure.
    package var code: Code
    /// What went wrong and how to fix it.
    package var message: String
    /// Underlying error, if there is one.
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Returns an error about a damaged file, with advice.
    static func corrupt(_ what: String) -> PyTorchError {
        PyTorchError(.corrupt, "\(what): the file is damaged or cut off; copy or download it again")
    }
}

extension PyTorchError: CustomStringConvertible {
    /// The code, the message and the cause.
    package var description: String { "\(code): \(message)" + (cause.map { " (\($0))" } ?? "") }
}
