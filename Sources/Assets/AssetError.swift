internal import Basics
internal import SystemPackage

/// Why a model or a data set is not available.
package struct AssetError: ExplainedError, Sendable {
    /// The reason, without a full stop.
    package var message: String

    init(_ message: String) { self.message = message }

    /// A failure of the file system.
    init(_ path: String, _ error: any Error) {
        self.init("\(path): \((error as? Errno).map { "\($0)" } ?? error.explanation)")
    }
}
