internal import Basics

/// Why a stream cannot do something.
package struct StreamError: ExplainedError, Sendable {
    package var message: String

    package init(_ message: String) {
        self.message = message
    }
}
