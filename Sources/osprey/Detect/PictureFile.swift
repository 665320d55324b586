internal import Glibc

/// Reads complete files into memory.
enum PictureFile {
    /// Why a file cannot be read; messages add its path.
    struct Failure: Error {
        var reason: String
    }

    /// Reads a file, or standard input for `-`; blocks.
    ///
    /// - Parameters:
    ///   - path: Path of the file, or `-`.
    ///   - maximumBytes: Maximum size, so that an endless device does not fill the memory.
    /// - Returns: The file's bytes.
    /// - Throws: ``Failure`` if the file cannot be read or is too large.
    static func read(_ path: String, maximumBytes: Int) throws(Failure) -> [UInt8] {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(reason: String(cString: strerror(errno))) }
        defer { if path != "-" { close(file) } }
        var status = stat()
        // Room for one byte more than the file's size, so that one read gets a regular file completely.
        let expected = fstat(file, &status) == 0 ? Int(status.st_size) + 1 : 0
        var bytes: [UInt8] = []
        while true {
            let room = min(max(expected - bytes.count, 65_536), maximumBytes - bytes.count + 1)
            var result = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                result = Glibc.read(file, buffer.baseAddress, room)
                count = max(0, result)
            }
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw Failure(reason: String(cString: strerror(errno))) }
            if result == 0 { return bytes }
            if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
            guard bytes.count <= maximumBytes else {
                throw Failure(reason: "the file is larger than the limit of \(maximumBytes) bytes")
            }
        }
    }
}
