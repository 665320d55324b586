internal import ArgumentParser

/// Why a command cannot do what it was told, and what to do about it.
struct CommandError: Error, CustomStringConvertible {
    var description: String
    /// 1, or 64 for a wrong setting (`EX_USAGE` of sysexits.h), as for a wrong option.
    var exitCode: ExitCode

    init(_ description: String, exitCode: ExitCode = .failure) {
        self.description = description
        self.exitCode = exitCode
    }

    static func usage(_ description: String) -> CommandError {
        CommandError(description, exitCode: .validationFailure)
    }
}
