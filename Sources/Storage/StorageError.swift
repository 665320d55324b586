/// What can go wrong with storing pictures.
public struct StorageError: Error, Sendable {
    /// The kind of failure; bounded text, fit for a metric label.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case full
            case notFound = "not_found"
            case damaged
            case inUse = "in_use"
            case unavailable
            case failed
        }

        private let kind: Kind

        /// There is no room: the quota is used up by uploads, or the disk is full.
        public static let full = Code(kind: .full)
        /// The picture that a call builds on is not there, or no longer.
        public static let notFound = Code(kind: .notFound)
        /// The stored bytes are not those that were stored.
        public static let damaged = Code(kind: .damaged)
        /// Another process uses the store's directory.
        public static let inUse = Code(kind: .inUse)
        /// The server that keeps the pictures cannot be reached, or does not answer in time; it may be back in a moment.
        public static let unavailable = Code(kind: .unavailable)
        /// The system refused: no permission, an I/O error, a directory that is none.
        public static let failed = Code(kind: .failed)

        /// The code in snake case.
        public var description: String { kind.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// What went wrong and what can be done about it; names no path, so that a client may see it.
    public var message: String
    /// The error underneath, if there is one; may name paths.
    public var cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

extension StorageError: CustomStringConvertible {
    /// The code, the message and the cause.
    public var description: String { "\(code): \(message)" + (cause.map { " (\($0))" } ?? "") }
}
