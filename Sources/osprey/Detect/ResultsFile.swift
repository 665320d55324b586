internal import ArgumentParser
internal import Glibc

/// Reads and writes files of results piece by piece, so that they may be larger than the memory.
enum ResultsFile {
    /// What stands in the place of a path for standard output.
    static let standardOutput = "Standard output"

    /// Calls `body` with the number and the bytes of each line that has an end.
    ///
    /// - Returns: What stands behind the last end.
    /// - Throws: ``CommandError`` where the file cannot be read; what `body` throws.
    @discardableResult
    static func forEachLine(
        of path: String,
        _ body: (_ number: Int, _ line: ArraySlice<UInt8>) throws -> Void
    ) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path, errno, verb: "read") }
        defer { close(file) }
        var rest: [UInt8] = []
        var number = 0
        while true {
            var result = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
                result = read(file, buffer.baseAddress, buffer.count)
                count = max(0, result)
            }
            guard result >= 0 else { throw failure(path, errno, verb: "read") }
            if result == 0 { return rest }
            rest += chunk
            var start = 0
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                number += 1
                try body(number, rest[start..<end])
                start = end + 1
            }
            rest.removeFirst(start)
        }
    }

    /// Writes a file beside its place, then puts it there.
    ///
    /// - Parameters:
    ///   - path: Its place.
    ///   - body: Writes the contents with the function that it receives.
    /// - Throws: ``CommandError`` where it cannot be written; what `body` throws.
    static func replace(_ path: String, _ body: (_ output: ([UInt8]) throws -> Void) throws -> Void) throws {
        try withTemporary(beside: path) { temporary, file in
            try body { try write($0, to: file, at: path) }
            guard rename(temporary, path) == 0 else { throw failure(path, errno) }
        }
    }

    /// Keeps what results depend on, or compares it with what is kept; of several runs that begin, one keeps it.
    ///
    /// - Throws: ``CommandError`` where something else is kept.
    static func agree(on settings: [UInt8], in path: String) throws {
        try withTemporary(beside: path) { temporary, file in
            try write(settings, to: file, at: path)
            if link(temporary, path) == 0 { return }
            guard errno == EEXIST else { throw failure(path, errno) }
            guard (try? PictureFile.read(path, maximumBytes: 1 << 20)) == settings else {
                throw CommandError(
                    "The results there were made with another model or other options, which \(path) tells: "
                        + "use the same, or name another --output."
                )
            }
        }
    }

    /// Makes a file beside another one's place; what `body` leaves of it is removed.
    private static func withTemporary(
        beside path: String,
        _ body: (_ temporary: String, _ file: Int32) throws -> Void
    ) throws {
        let temporary = "\(path).\(getpid()).partial"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure(path, errno) }
        defer {
            close(file)
            unlink(temporary)
        }
        try body(temporary, file)
    }

    /// Writes all of the bytes.
    ///
    /// - Throws: ``CommandError``.
    static func write(_ bytes: [UInt8], to file: Int32, at path: String) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw failure(path, errno) }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// Why something cannot be done with a file.
    static func failure(_ path: String, _ number: Int32, verb: String = "written") -> CommandError {
        let isFull = [ENOSPC, EDQUOT, EFBIG].contains(number)
        let reason = isFull ? "the disk is full, free some space" : String(cString: strerror(number))
        let advice = verb == "written" && path != standardOutput ? " Then go on with --resume." : ""
        return CommandError("\(path) cannot be \(verb): \(reason).\(advice)", exitCode: .cannotWrite)
    }
}
