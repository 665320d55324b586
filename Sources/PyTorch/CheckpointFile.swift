import Glibc

/// An open file, which its owner closes by letting go of it.
struct CheckpointFile: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// Opens a file for reading.
    init(_ path: String) throws(PyTorchError) {
        // Opening a pipe would otherwise wait for someone to write.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        self.path = path
        guard descriptor >= 0 else { throw failure(errno) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Reads all of it.
    ///
    /// - Parameter maximumByteCount: How many bytes it may have.
    /// - Returns: As many bytes as the file had, or fewer where it became shorter meanwhile.
    /// - Throws: ``PyTorchError`` with ``PyTorchError/Code/unreadable`` or ``PyTorchError/Code/tooLarge``.
    func read(maximumByteCount: Int) throws(PyTorchError) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PyTorchError(.unreadable, "\(path) is not a file: give the checkpoint itself")
        }
        let count = Int(status.st_size)
        guard count <= maximumByteCount else {
            throw PyTorchError(.tooLarge, "the file has \(count) bytes, and at most \(maximumByteCount) are read")
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
