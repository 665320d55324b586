/// What can go wrong between a model file and its answers.
public struct InferenceError: Error, Sendable {
    /// The kind of failure; bounded text, fit for a metric label.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case invalidModel = "invalid_model"
            case invalidArgument = "invalid_argument"
            case failed
            case queueFull = "queue_full"
        }

        private let kind: Kind

        /// The file is no model that the runtime reads or can run.
        public static let invalidModel = Code(kind: .invalidModel)
        /// A port, shape or option does not fit the model.
        public static let invalidArgument = Code(kind: .invalidArgument)
        /// The runtime failed while it ran.
        public static let failed = Code(kind: .failed)
        /// As much work waits as the queue may hold.
        public static let queueFull = Code(kind: .queueFull)

        /// The code in snake case.
        public var description: String { kind.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// What went wrong and what the caller can do about it.
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

extension InferenceError: CustomStringConvertible {
    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
