internal import Glibc

/// Environment of further processes of this program.
package enum ChildEnvironment {
    /// Where libraries are, and the settings of builds that check or measure themselves.
    private static let names = [
        "LD_LIBRARY_PATH", "LD_PRELOAD", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "TBB_ENABLE_SANITIZERS",
        "LLVM_PROFILE_FILE",
    ]

    /// Its variables: nothing else of this process's own, which may hold passwords.
    package static var variables: [String: String] {
        var variables = ["SWIFT_BACKTRACE": "enable=no"]
        for name in names { variables[name] = getenv(name).map { String(cString: $0) } }
        return variables
    }
}
