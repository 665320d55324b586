import Glibc

/// An open file, which its owner closes by letting go of it.
struct OpenFile: ~Copyable, Sendable {
    private let descriptor: Int32
    private let path: String

    /// Opens a file, or makes one that this user alone may use.
    init(_ path: String, _ flags: Int32) throws(StorageError) {
        descriptor = open(path, flags | O_CLOEXEC, 0o600)
        self.path = path
        guard descriptor >= 0 else { throw failure("open") }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Reads the file from its beginning.
    ///
    /// - Parameter limit: How many bytes it may have.
    /// - Returns: As many bytes as the file has.
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed`` where it has more.
    func read(limit: Int) throws(StorageError) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("read") }
        let count = Int(status.st_size)
        guard count <= limit else {
            throw StorageError(.failed, "the file has \(count) bytes where at most \(limit) are read")
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

    /// Waits until what was written would survive a loss of power.
    func synchronize() throws(StorageError) {
        while fsync(descriptor) != 0 {
            // Some network file systems know no such thing for directories.
            if errno == EINVAL { return }
            guard errno == EINTR else { throw failure("write") }
        }
    }

    /// Takes the file's lock until the file is closed.
    ///
    /// - Returns: False where someone else has it.
    func lock() throws(StorageError) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw failure("lock") }
        }
        return true
    }

    /// Gives the file's lock back.
    func unlock() {
        flock(descriptor, LOCK_UN)
    }

    private func failure(_ operation: String) -> StorageError {
        StorageError(SystemError(operation: operation, path: path, number: errno))
    }
}

/// A new file that disappears with its owner, unless it was given a name of its own.
struct TemporaryFile: ~Copyable {
    private let path: String

    /// Writes the bytes into a new file, and if it is to be durable waits until they would survive a loss of power.
    init(_ path: String, _ bytes: [UInt8], isDurable: Bool) throws(StorageError) {
        self.path = path
        let file = try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL)
        try file.write(bytes)
        if isDurable { try file.synchronize() }
    }

    deinit {
        // Once it was moved there is nothing here, which is as well.
        unlink(path)
    }

    /// Moves the file, in place of whatever has the other name.
    func move(to target: String) throws(StorageError) {
        try FileSystem.rename(path, to: target)
    }
}
