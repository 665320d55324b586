internal import ArgumentParser
internal import Glibc

/// Reads and writes result files in pieces, so that they can be larger than the memory.
enum ResultsFile {
    /// Name of standard output in messages, in place of a path.
    static let standardOutput = "Standard output"

    /// Calls `body` with the number, from 1, and the bytes of each complete line.
    ///
    /// - Returns: The bytes after the last complete line.
    /// - Throws: ``CommandError`` if the file cannot be read; errors of `body`.
    @discardableResult
    static func forEachLine(
        of path: String,
        _ body: (_ number: Int, _ line: ArraySlice<UInt8>) throws -> Void
    ) throws -> [UInt8] {
        let lines = try ResultLines(path)
        while let line = try lines.next() { try body(lines.number, line) }
        return lines.rest
    }

    /// Replaces a file atomically: writes a temporary file, then renames it.
    ///
    /// - Parameters:
    ///   - path: Path of the file.
    ///   - body: Writes the contents with the function that it receives.
    /// - Throws: ``CommandError`` if the file cannot be written; errors of `body`.
    static func replace(_ path: String, _ body: (_ output: ([UInt8]) throws -> Void) throws -> Void) throws {
        try withTemporary(beside: path) { temporary, file in
            try body { try write($0, to: file, at: path) }
            guard rename(temporary, path) == 0 else { throw failure(path, errno) }
        }
    }

    /// Writes the settings file of a folder or, if it exists, compares it; if several runs start together, one writes.
    ///
    /// - Throws: ``CommandError`` if the file has other settings or cannot be written.
    static func agree(on settings: [UInt8], in path: String) throws {
        try withTemporary(beside: path) { temporary, file in
            try write(settings, to: file, at: path)
            if link(temporary, path) == 0 { return }
            guard errno == EEXIST else { throw failure(path, errno) }
            guard (try? PictureFile.read(path, maximumBytes: 1 << 20)) == settings else {
                throw CommandError(
                    "The existing results are from another model or other options, which \(path) lists: "
                        + "use the same, or choose another --output."
                )
            }
        }
    }

    /// Calls `body` with a temporary file next to `path`, and removes the file if `body` has not moved it.
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

    /// Writes all bytes.
    ///
    /// - Throws: ``CommandError`` if they cannot be written.
    static func write(_ bytes: [UInt8], to file: Int32, at path: String) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw failure(path, errno) }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// The error for a file that cannot be read or written.
    static func failure(_ path: String, _ number: Int32, verb: String = "written") -> CommandError {
        let isFull = [ENOSPC, EDQUOT, EFBIG].contains(number)
        let reason = isFull ? "the disk is full, free some space" : String(cString: strerror(number))
        let advice = verb == "written" && path != standardOutput ? " Then continue with --resume." : ""
        return CommandError("\(path) cannot be \(verb): \(reason).\(advice)", exitCode: .cannotWrite)
    }
}

/// The complete lines of a file, read in pieces.
final class ResultLines {
    /// Number of the last line, from 1.
    private(set) var number = 0
    private let path: String
    private let file: Int32
    private var bytes: [UInt8] = []
    private var start = 0
    /// Bytes that are known to have no end of line.
    private var searched = 0

    /// - Throws: ``CommandError`` if the file cannot be read.
    init(_ path: String) throws {
        self.path = path
        file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw ResultsFile.failure(path, errno, verb: "read") }
    }

    deinit { close(file) }

    /// The bytes after the last complete line.
    var rest: [UInt8] { Array(bytes[start...]) }

    /// Returns the next line without its end; nil after the last complete one.
    ///
    /// - Throws: ``CommandError`` if the file cannot be read.
    func next() throws -> ArraySlice<UInt8>? {
        while true {
            if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { (start, searched) = (end + 1, end + 1) }
                number += 1
                return bytes[start..<end]
            }
            bytes.removeFirst(start)
            (start, searched) = (0, bytes.count)
            var result = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 1 << 20) { [file] buffer, count in
                result = read(file, buffer.baseAddress, buffer.count)
                count = max(0, result)
            }
            guard result >= 0 else { throw ResultsFile.failure(path, errno, verb: "read") }
            if result == 0 { return nil }
            bytes += chunk
        }
    }
}
