internal import ArgumentParser
internal import Basics

/// Why a command failed, and what to do about it.
package struct CommandError: ExplainedError, CustomStringConvertible {
    package var message: String
    /// 1, or 64 for an invalid setting or option (`EX_USAGE` of sysexits.h).
    var exitCode: ExitCode

    package var description: String { message }

    init(_ message: String, exitCode: ExitCode = .failure) {
        self.message = message
        self.exitCode = exitCode
    }

    static func usage(_ message: String) -> CommandError {
        CommandError(message, exitCode: .validationFailure)
    }
}
