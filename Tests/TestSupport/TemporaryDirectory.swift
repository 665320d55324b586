package import Foundation

/// A directory that is deleted when this object is released.
package final class TemporaryDirectory: Sendable {
    package let path: String

    /// Creates a directory with a unique name.
    ///
    /// - Parameter inMemory: Whether to prefer an in-memory file system, for tests that write often.
    /// - Throws: A file system error if the directory cannot be created.
    package init(inMemory: Bool = false) throws {
        let memory = "/dev/shm"
        let parent =
            inMemory && FileManager.default.isWritableFile(atPath: memory)
            ? memory : FileManager.default.temporaryDirectory.path
        path = "\(parent)/osprey-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package var url: URL { URL(filePath: path, directoryHint: .isDirectory) }

    /// Writes a file atomically and creates its parent directories.
    ///
    /// - Returns: The file's path.
    @discardableResult
    package func write(_ name: String, _ bytes: [UInt8] = [1, 2, 3]) throws -> String {
        let file = "\(path)/\(name)"
        let parent = URL(filePath: file).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: file), options: .atomic)
        return file
    }

    /// Writes a text file.
    @discardableResult
    package func write(_ name: String, text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    package func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
}
