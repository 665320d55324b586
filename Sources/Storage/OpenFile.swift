import Glibc

/// An open file, closed when the value is destroyed.
struct OpenFile: ~Copyable, Sendable {
    private let descriptor: Int32
    private let path: String

    /// Opens a file, but not a symbolic link; a file that is created is accessible to this user only.
    init(_ path: String, _ flags: Int32) throws(StorageError) {
        // O_NONBLOCK, because opening a pipe would wait for its writer; regular files ignore it.
        descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        self.path = path
        guard descriptor >= 0 else { throw failure("open") }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Reads the file from the beginning.
    ///
    /// - Parameter limit: Maximum size of the file, in bytes.
    /// - Returns: The contents of the file.
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed`` if the file is larger, is not a regular one, or
    ///   cannot be read.
    func read(limit: Int) throws(StorageError) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("read") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StorageError(.failed, "\(path.debugDescription) is not a regular file: replace it")
        }
        let count = Int(status.st_size)
        guard count <= limit else {
            throw StorageError(.failed, "the file's \(count) bytes exceed the limit of \(limit): use a smaller file")
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
        guard number == 0 else { throw StorageError(SystemError(operation: "read", path: path, number: number)) }
        return bytes
    }

    /// Writes all of the bytes.
    func write(_ bytes: [UInt8]) throws(StorageError) {
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { Glibc.write(descriptor, $0 + written, buffer.count - written) } ?? 0
            }
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { throw failure("write") }
            written += result
        }
    }

    /// Waits until written bytes would survive a power failure.
    func synchronize() throws(StorageError) {
        while fsync(descriptor) != 0 {
            // Some network file systems do not support fsync on directories.
            if errno == EINVAL { return }
            guard errno == EINTR else { throw failure("write") }
        }
    }

    /// Acquires an exclusive lock on the file, held until the file is closed.
    ///
    /// - Returns: False if the lock is already held by another open file.
    func lock() throws(StorageError) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw failure("lock") }
        }
        return true
    }

    /// Releases the lock.
    func unlock() {
        flock(descriptor, LOCK_UN)
    }

    private func failure(_ operation: String) -> StorageError {
        StorageError(SystemError(operation: operation, path: path, number: errno))
    }
}

/// A new file that is deleted when the value is destroyed, unless it has been moved.
struct TemporaryFile: ~Copyable {
    private let path: String

    /// Writes the bytes to a new file and, if `isDurable`, waits until they would survive a power failure.
    init(_ path: String, _ bytes: [UInt8], isDurable: Bool) throws(StorageError) {
        self.path = path
        let file = try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL)
        try file.write(bytes)
        if isDurable { try file.synchronize() }
    }

    deinit {
        // Fails harmlessly if the file has been moved.
        unlink(path)
    }

    /// Moves the file, replacing an existing target.
    func move(to target: String) throws(StorageError) {
        try FileSystem.rename(path, to: target)
    }
}
