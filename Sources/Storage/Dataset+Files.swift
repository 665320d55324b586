extension Dataset {
    /// A file that is a picture by its name.
    struct PictureFile {
        /// Where it was found.
        let path: String
        /// Where its bytes are: the same place unless it is a symbolic link.
        let target: String

        /// The file's name without its ending.
        var stem: Substring {
            let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
            return name[..<(name.lastIndex(of: ".") ?? name.endIndex)]
        }
    }

    /// All files below a directory that are pictures by their names, in no order.
    ///
    /// The directory is given by its absolute path without symbolic links.
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
                        "the dataset's directory holds more than \(maximumEntries) names: choose one of pictures alone"
                    )
                }
                let path = "\(directory.path)/\(entry.name)"
                switch entry.kind {
                case .directory where directory.depth < maximumDepth:
                    directories.append((path, directory.depth + 1))
                case .directory:
                    warnings.append("\(path.debugDescription) is left out: it lies too deep")
                case .file where isPicture(entry.name):
                    files.append(PictureFile(path: path, target: path))
                case .link where isPicture(entry.name):
                    if let target = try? FileSystem.resolve(path), target.hasPrefix(root + "/"),
                        FileSystem.status(of: target)?.kind == .file
                    {
                        files.append(PictureFile(path: path, target: target))
                    } else {
                        warnings.append("\(path.debugDescription) is left out: its target is no file of the dataset")
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
