import Glibc

/// A read-only collection of the pictures below a directory.
///
/// The directory is searched once, at initialisation; files added later are not seen. Reading blocks, so call it from
/// worker threads; any number of them may read at the same time.
package struct Dataset: Sendable {
    /// Name of the dataset.
    package let name: String
    /// Ids of all pictures, in ascending order.
    package let ids: [ImageID]
    /// Warnings for the log: files that were skipped and why, or that there are no pictures.
    package let warnings: [String]

    /// File extensions of pictures, in lower case.
    package static let fileExtensions: Set<String> = [
        "avif", "bmp", "gif", "heic", "heif", "jpeg", "jpg", "jxl", "pgm", "png", "ppm", "tif", "tiff", "webp",
    ]
    /// Maximum size of a picture file, in bytes.
    package static let maximumFileBytes = 256 * 1024 * 1024
    /// Maximum number of entries below the directory, hidden ones excluded.
    package static let maximumEntries = 1_000_000
    /// Maximum depth of the subdirectories that are searched.
    package static let maximumDepth = 16

    private let paths: [ImageID: String]

    /// Finds the pictures below a directory.
    ///
    /// A picture's id is its file name without the extension. If several files have the same id, the first one in path
    /// order is used. Skipped are names that are not valid ids or have the form of an upload's id, hidden files and
    /// directories, symbolic links to directories, and symbolic links to files outside of the directory.
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed`` if the directory cannot be read or has more than
    ///   ``maximumEntries`` entries.
    package init(name: String, directory: String) throws(StorageError) {
        let root = try FileSystem.resolve(directory)
        var found: [ImageID: PictureFile] = [:]
        var warnings = WarningList()
        for file in try Self.pictureFiles(below: root, &warnings).sorted(by: { $0.path < $1.path }) {
            guard let id = ImageID(String(file.stem)), !id.isUpload else {
                warnings.append("\(file.path.debugDescription) is skipped: its name is not a valid picture id")
                continue
            }
            if let other = found[id] {
                warnings.append("\(file.path.debugDescription) is skipped: \(other.path.debugDescription) has its id")
            } else {
                found[id] = file
            }
        }
        if found.isEmpty { warnings.append("there are no pictures in \(root.debugDescription)") }
        self.name = name
        self.ids = found.keys.sorted()
        self.warnings = warnings.texts
        self.paths = found.mapValues(\.target)
    }

    /// Returns the path of a picture's file, or nil if there is no such picture.
    package func path(of id: ImageID) -> String? { paths[id] }

    /// Reads a picture's encoded bytes, or returns nil if there is no such picture.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed`` if the file is gone, cannot be read or is larger
    ///   than ``maximumFileBytes``.
    package func read(_ id: ImageID) throws(StorageError) -> [UInt8]? {
        guard let path = paths[id] else { return nil }
        // The path was resolved when the dataset was opened, so a link at its end was added later: do not follow it.
        return try OpenFile(path, O_RDONLY).read(limit: Self.maximumFileBytes)
    }

    /// Returns a page of ids in ascending order.
    ///
    /// - Parameters:
    ///   - cursor: The id after which the page starts, which need not exist; nil starts with the first id.
    ///   - limit: Maximum number of ids to return.
    /// - Returns: The ids in ascending order; empty after the last one.
    package func ids(after cursor: ImageID?, limit: Int) -> ArraySlice<ImageID> {
        ids.page(after: cursor, limit: limit)
    }
}
