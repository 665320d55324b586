import Glibc

/// A failed system call and the path it was made for.
struct SystemError: Error, CustomStringConvertible {
    let operation: String
    let path: String
    /// The value of `errno`.
    let number: Int32

    var description: String { "\(operation) \(path): \(String(cString: strerror(number)))" }
}

extension StorageError {
    /// Converts a failed system call: ``Code/full`` if space has run out, otherwise ``Code/failed``.
    init(_ cause: SystemError) {
        switch cause.number {
        case ENOSPC, EDQUOT, EFBIG:
            self.init(.full, "the disk is full: free some space where pictures are stored", cause: cause)
        default:
            self.init(.failed, "storage cannot \(cause.operation) a file: see the service's log", cause: cause)
        }
    }
}

/// File system operations that throw ``StorageError``.
enum FileSystem {
    /// A directory entry.
    struct Entry {
        enum Kind { case file, directory, link, other }

        let name: String
        let kind: Kind
        /// Size in bytes.
        let byteCount: Int
        /// Time of the last modification, in nanoseconds since 1970.
        let modified: Int
    }

    /// Creates a directory and its missing parents, accessible to this user only, unless it exists.
    static func makeDirectory(_ path: String) throws(StorageError) {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        var result = mkdir(path, 0o700)
        if result != 0, errno == ENOENT, parent != "/", parent != "." {
            try makeDirectory(parent)
            result = mkdir(path, 0o700)
        }
        guard result != 0 else { return try synchronize(directory: parent) }
        guard errno == EEXIST else {
            throw StorageError(SystemError(operation: "create", path: path, number: errno))
        }
    }

    /// Returns the entries of a directory in no particular order, without following symbolic links.
    static func entries(of path: String) throws(StorageError) -> [Entry] {
        guard let stream = opendir(path) else {
            throw StorageError(SystemError(operation: "list", path: path, number: errno))
        }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let item = readdir(stream) else { break }
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            var status = stat()
            // Skip entries that have been removed since, and names that are not valid UTF-8.
            guard name != ".", name != "..", lstat("\(path)/\(name)", &status) == 0 else { continue }
            entries.append(Entry(name: name, status: status))
        }
        guard errno == 0 else { throw StorageError(SystemError(operation: "list", path: path, number: errno)) }
        return entries
    }

    /// Returns the absolute path with symbolic links resolved.
    static func resolve(_ path: String) throws(StorageError) -> String {
        guard let resolved = realpath(path, nil) else {
            throw StorageError(SystemError(operation: "find", path: path, number: errno))
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Returns the status of a path, following symbolic links, or nil if there is no such file.
    static func status(of path: String) -> Entry? {
        var status = stat()
        return stat(path, &status) == 0 ? Entry(name: path, status: status) : nil
    }

    /// Removes a file; a missing file is not an error.
    static func remove(_ path: String) throws(StorageError) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        throw StorageError(SystemError(operation: "remove", path: path, number: errno))
    }

    /// Renames a file, replacing an existing one with the new name.
    static func rename(_ path: String, to target: String) throws(StorageError) {
        guard Glibc.rename(path, target) != 0 else { return }
        throw StorageError(SystemError(operation: "rename", path: target, number: errno))
    }

    /// Sets a file's modification time to now; failures are ignored.
    static func touch(_ path: String) {
        utimensat(AT_FDCWD, path, nil, 0)
    }

    /// Waits until the entries of a directory would survive a power failure.
    static func synchronize(directory path: String) throws(StorageError) {
        try OpenFile(path, O_RDONLY | O_DIRECTORY).synchronize()
    }
}

extension FileSystem.Entry {
    fileprivate init(name: String, status: stat) {
        self.name = name
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .link
            default: .other
            }
        byteCount = Int(status.st_size)
        modified = Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
    }
}
