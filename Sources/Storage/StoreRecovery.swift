import Glibc

/// Rebuilds the index of a ``FileImageStore`` when it is opened, and removes what a killed process left behind.
struct StoreRecovery {
    let layout: StoreLayout
    /// Warnings about dropped pointers, except for those that a crash explains.
    private(set) var warnings = WarningList()

    init(layout: StoreLayout) {
        self.layout = layout
    }

    /// Removes temporary files, pointers without their object and objects without a pointer.
    ///
    /// - Returns: The index of the remaining pictures.
    mutating func run() throws(StorageError) -> StoreIndex {
        for entry in try FileSystem.entries(of: layout.temporary) where entry.kind == .file {
            try FileSystem.remove("\(layout.temporary)/\(entry.name)")
        }
        let objects = try findObjects()
        var index = StoreIndex()
        try readPointers(.upload, objects, into: &index)
        try readPointers(.processed, objects, into: &index)
        for sha256 in objects.keys where !index.hasObject(sha256) {
            try FileSystem.remove(layout.object(sha256))
        }
        return index
    }

    /// Returns the sizes of all objects in bytes, by their SHA-256.
    private func findObjects() throws(StorageError) -> [String: Int] {
        var objects: [String: Int] = [:]
        for directory in try FileSystem.entries(of: layout.objects) where directory.kind == .directory {
            for entry in try FileSystem.entries(of: "\(layout.objects)/\(directory.name)") {
                guard entry.kind == .file, entry.name.utf8.count == 64, entry.name.hasPrefix(directory.name),
                    directory.name.utf8.count == 2
                else { continue }
                objects[entry.name] = entry.byteCount
            }
        }
        return objects
    }

    private mutating func readPointers(
        _ kind: StoreIndex.Kind,
        _ objects: [String: Int],
        into index: inout StoreIndex
    ) throws(StorageError) {
        var entries = try FileSystem.entries(of: layout.directory(of: kind))
            .filter { $0.kind == .file && $0.name.hasSuffix(".json") }
        // Uploads are inserted by id; processed versions by last use, oldest first, which restores their recency.
        entries.sort { kind == .upload ? $0.name < $1.name : $0.modified < $1.modified }
        for entry in entries {
            let path = "\(layout.directory(of: kind))/\(entry.name)"
            guard let metadata = try readPointer(path, entry) else {
                warnings.append("\(path.debugDescription) is dropped: its metadata is damaged")
                try FileSystem.remove(path)
                continue
            }
            guard objects[metadata.sha256] == metadata.byteCount else {
                warnings.append("\(path.debugDescription) is dropped: its picture is missing or truncated")
                try FileSystem.remove(path)
                continue
            }
            // A power failure may undo the removal of the processed version but not of the upload.
            if kind == .processed, metadata.id.isUpload, index.metadata(.upload, metadata.id) == nil {
                try FileSystem.remove(path)
                continue
            }
            _ = index.insert(kind, metadata)
            index.setVerified(metadata.sha256, false)
        }
    }

    private func readPointer(_ path: String, _ entry: FileSystem.Entry) throws(StorageError) -> ImageMetadata? {
        guard entry.byteCount <= StoreLayout.maximumPointerBytes else { return nil }
        let bytes = try OpenFile(path, O_RDONLY).read(limit: StoreLayout.maximumPointerBytes)
        guard let metadata = StoreLayout.decode(bytes), entry.name == "\(metadata.id).json" else { return nil }
        return metadata
    }
}
