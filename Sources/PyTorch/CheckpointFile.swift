import Glibc

/// An open file, closed when the value is destroyed.
package struct CheckpointFile: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// Opens a file for reading.
    ///
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/unreadable``.
    package init(_ path: String) throws(PyTorchError) {
        // Without O_NONBLOCK, opening a pipe blocks until it has a writer.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        self.path = path
        guard descriptor >= 0 else { throw failure(errno) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Reads the complete file.
    ///
    /// - Parameter maximumByteCount: Maximum size of the file in bytes.
    /// - Returns: The file's bytes; fewer than its size if it is truncated meanwhile.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/unreadable`` if reading fails or the file is not a regular one,
    ///   or ``PyTorchError/Code/tooLarge``.
    package func read(maximumByteCount: Int) throws(PyTorchError) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PyTorchError(.unreadable, "\(path) is not a regular file: use the path of a checkpoint")
        }
        let count = Int(status.st_size)
        guard count <= maximumByteCount else {
            throw PyTorchError(.tooLarge, "the file has \(count) bytes, more than the limit of \(maximumByteCount)")
        }
        var number: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let result = Glibc.read(descriptor, base + filled, count - filled)
                if result < 0, errno == EINTR { continue }
                if result < 0 { number = errno }
                guard result > 0 else { return }
                filled += result
            }
        }
        guard number == 0 else { throw failure(number) }
        return bytes
    }

    private func failure(_ number: Int32) -> PyTorchError {
        PyTorchError(.unreadable, "\(path) cannot be read: \(String(cString: strerror(number)))")
    }
}
