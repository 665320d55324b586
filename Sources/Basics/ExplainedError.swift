/// An error whose message tells users what went wrong and what to do about it.
package protocol ExplainedError: Error {
    /// What went wrong and what to do about it.
    var message: String { get }
}

extension Error {
    /// The message written for users, or the error's description if it has none.
    package var explanation: String { (self as? any ExplainedError)?.message ?? "\(self)" }
}
