internal import Glibc

/// Writes bytes with one system call, so that the output of several threads does not interleave.
func writeToStandardError(_ bytes: [UInt8]) {
    _ = write(STDERR_FILENO, bytes, bytes.count)
}
