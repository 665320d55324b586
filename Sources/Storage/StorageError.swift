internal import Basics
internal import Glibc

/// An error while storing or reading pictures.
package struct StorageError: ExplainedError, Sendable {
    /// The kind of failure, from a fixed set of values suitable for a metric label.
    package enum Code: String, Sendable, CustomStringConvertible {
        /// There is no room: uploads use up the quota, the picture is too large for it, or the disk is full.
        case full
        /// A picture that the call depends on does not exist or has been deleted.
        case notFound = "not_found"
        /// The picture exists, but has no processed version.
        case notProcessed = "not_processed"
        /// The stored bytes have changed since they were stored.
        case damaged
        /// Another process uses the store's directory.
        case inUse = "in_use"
        /// The storage server cannot be reached or did not reply in time; it may recover shortly.
        case unavailable
        /// Another failure, such as missing permission, an I/O error or a path that is not a directory.
        case failed

        /// The code in snake case.
        package var description: String { rawValue }
    }

    /// The kind of failure.
    package var code: Code
    /// What went wrong and what to do about it; contains no path, so that it can be shown to clients.
    package var message: String
    /// The underlying error, if any; may contain paths.
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

extension StorageError {
    /// The path and the system's reason, if a system call failed; not for clients.
    package var systemReason: String? {
        (cause as? SystemError).map { "\($0.path): \(String(cString: strerror($0.number)))" }
    }
}

extension StorageError: CustomStringConvertible {
    /// The code, the message and the cause.
    package var description: String { "\(code): \(message)" + (cause.map { " (\($0))" } ?? "") }
}
