extension Dataset {
    /// A file with the extension of a picture.
    struct PictureFile {
        /// Path at which the file was found.
        let path: String
        /// Path of the file itself; differs from `path` only for a symbolic link.
        let target: String

        /// File name without the extension.
        var stem: Substring {
            let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
            return name[..<(name.lastIndex(of: ".") ?? name.endIndex)]
        }
    }

    /// Returns the files below a directory that have the extension of a picture, in no particular order.
    ///
    /// `root` must be an absolute path without symbolic links.
    static func pictureFiles(
        below root: String,
        _ warnings: inout WarningList
    ) throws(StorageError) -> [PictureFile] {
        var files: [PictureFile] = []
        var directories = [(path: root, depth: 0)]
        var entryCount = 0
        while let directory = directories.popLast() {
            for entry in try FileSystem.entries(of: directory.path) where !entry.name.hasPrefix(".") {
                entryCount += 1
                guard entryCount <= maximumEntries else {
                    throw StorageError(
                        .failed,
                        "the dataset's directory has more than \(maximumEntries) entries: choose one with pictures only"
                    )
                }
                let path = "\(directory.path)/\(entry.name)"
                switch entry.kind {
                case .directory where directory.depth < maximumDepth:
                    directories.append((path, directory.depth + 1))
                case .directory:
                    warnings.append("\(path.debugDescription) is skipped: it is nested too deeply")
                case .file where isPicture(entry.name):
                    files.append(PictureFile(path: path, target: path))
                case .link where isPicture(entry.name):
                    if let target = try? FileSystem.resolve(path), target.hasPrefix(root + "/"),
                        FileSystem.status(of: target)?.kind == .file
                    {
                        files.append(PictureFile(path: path, target: target))
                    } else {
                        warnings.append("\(path.debugDescription) is skipped: its target is not a file in the dataset")
                    }
                case .file, .link, .other:
                    break
                }
            }
        }
        return files
    }

    private static func isPicture(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return false }
        return fileExtensions.contains(name[name.index(after: dot)...].lowercased())
    }
}
