import Glibc

/// A call to the system that failed, and on what.
struct SystemError: Error, CustomStringConvertible {
    let operation: String
    let path: String
    /// The value of `errno`.
    let number: Int32

    var description: String { "\(operation) \(path): \(String(cString: strerror(number)))" }
}

extension StorageError {
    /// Makes an error from what the system said.
    init(_ cause: SystemError) {
        switch cause.number {
        case ENOSPC, EDQUOT, EFBIG:
            self.init(.full, "the disk is full: free some space where pictures are stored", cause: cause)
        default:
            self.init(.failed, "storage cannot \(cause.operation) a file: the service's log says which", cause: cause)
        }
    }
}

/// What the store asks of the file system, with its failures as ``StorageError``.
enum FileSystem {
    /// One name in a directory; symbolic links are not followed.
    struct Entry {
        enum Kind { case file, directory, link, other }

        let name: String
        let kind: Kind
        /// Size in bytes.
        let byteCount: Int
        /// When it was changed last, in nanoseconds since 1970.
        let modified: Int
    }

    /// Makes a directory for this user alone, and those it lies in, unless it is there.
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

    /// What is in a directory, in no order.
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
            // What is gone by now, or has a name that is no UTF-8, is as good as absent.
            guard name != ".", name != "..", lstat("\(path)/\(name)", &status) == 0 else { continue }
            entries.append(Entry(name: name, status: status))
        }
        guard errno == 0 else { throw StorageError(SystemError(operation: "list", path: path, number: errno)) }
        return entries
    }

    /// The absolute path without symbolic links.
    static func resolve(_ path: String) throws(StorageError) -> String {
        guard let resolved = realpath(path, nil) else {
            throw StorageError(SystemError(operation: "find", path: path, number: errno))
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// What a path leads to, with symbolic links followed, or nil where it leads nowhere.
    static func status(of path: String) -> Entry? {
        var status = stat()
        return stat(path, &status) == 0 ? Entry(name: path, status: status) : nil
    }

    /// Removes a file; it is no failure if there is none.
    static func remove(_ path: String) throws(StorageError) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        throw StorageError(SystemError(operation: "remove", path: path, number: errno))
    }

    /// Gives a file another name, in place of whatever has that name.
    static func rename(_ path: String, to target: String) throws(StorageError) {
        guard Glibc.rename(path, target) != 0 else { return }
        throw StorageError(SystemError(operation: "rename", path: target, number: errno))
    }

    /// Sets a file's time of change to now, if it can.
    static func touch(_ path: String) {
        utimensat(AT_FDCWD, path, nil, 0)
    }

    /// Waits until the names in a directory would survive a loss of power.
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
