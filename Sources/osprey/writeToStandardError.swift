internal import Glibc

/// Writes with one call, so that what several threads write does not mix.
func writeToStandardError(_ bytes: [UInt8]) {
    _ = write(STDERR_FILENO, bytes, bytes.count)
}
