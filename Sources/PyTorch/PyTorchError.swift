/// What can go wrong with a file that `torch.save` should have written.
package struct PyTorchError: Error, Sendable {
    /// The kind of failure; bounded text, fit for a metric label.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case notAnArchive = "not_an_archive"
            case unreadable
            case corrupt
            case tooLarge = "too_large"
            case unsupported
        }

        private let kind: Kind

        /// The file is no zip file, or none that `torch.save` writes.
        package static let notAnArchive = Code(kind: .notAnArchive)
        /// The system would not let the file be read.
        package static let unreadable = Code(kind: .unreadable)
        /// The file is damaged, cut off, or made to look like what it is not.
        package static let corrupt = Code(kind: .corrupt)
        /// The file holds more than the limits allow.
        package static let tooLarge = Code(kind: .tooLarge)
        /// The file is of a kind that is known and not read.
        package static let unsupported = Code(kind: .unsupported)

        /// The code in snake case.
        package var description: String { kind.rawValue }
    }

    /// The kind of failure.
    package var code: Code
    /// What went wrong and what can be done about it.
    package var message: String
    /// The error underneath, if there is one.
    package var cause: (any Error)?

    /// Makes an error.
    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Damage, with the advice that goes with it.
    static func corrupt(_ what: String) -> PyTorchError {
        PyTorchError(.corrupt, "\(what): the file is damaged or cut off, copy or download it again")
    }
}

extension PyTorchError: CustomStringConvertible {
    /// The code, the message and the cause.
    package var description: String { "\(code): \(message)" + (cause.map { " (\($0))" } ?? "") }
}
