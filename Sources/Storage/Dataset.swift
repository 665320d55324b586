import Glibc

/// The pictures below a directory, to read only.
///
/// The directory is searched once, when it is opened: what is added later is not seen. Reading blocks, so do it on a
/// worker thread; any number of threads may.
public struct Dataset: Sendable {
    /// What the dataset is called.
    public let name: String
    /// The ids of all pictures in their order.
    public let ids: [ImageID]
    /// What was left out of the dataset and why, for the log.
    public let warnings: [String]

    /// Endings of the files that are taken for pictures, in lower case.
    public static let fileExtensions: Set<String> = [
        "avif", "bmp", "gif", "heic", "jpeg", "jpg", "png", "tif", "tiff", "webp",
    ]
    /// The longest file that is read, in bytes.
    public static let maximumFileBytes = 256 * 1024 * 1024
    /// How many names below the directory are looked at.
    public static let maximumEntries = 1_000_000
    /// How many directories deep pictures are looked for.
    public static let maximumDepth = 16

    private let paths: [ImageID: String]

    /// Finds the pictures below a directory; a picture's id is its file name without the ending.
    ///
    /// Of two files with one id the first in the order of their paths is taken. Names that are no ids are left out, as
    /// are files whose names begin with a dot, directories behind symbolic links, and files that such links lead to
    /// outside of the directory.
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed`` where the directory cannot be read or has more than
    ///   ``maximumEntries`` names in it.
    public init(name: String, directory: String) throws(StorageError) {
        let root = try FileSystem.resolve(directory)
        var found: [ImageID: PictureFile] = [:]
        var warnings = WarningList()
        for file in try Self.pictureFiles(below: root, &warnings).sorted(by: { $0.path < $1.path }) {
            guard let id = ImageID(String(file.stem)), !id.isUpload else {
                warnings.append("\(file.path.debugDescription) is left out: its name is not a picture's id")
                continue
            }
            if let other = found[id] {
                warnings.append("\(file.path.debugDescription) is left out: \(other.path.debugDescription) has its id")
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

    /// The path of a picture's file, or nil where there is no such picture.
    public func path(of id: ImageID) -> String? { paths[id] }

    /// Reads a picture's encoded bytes, or gives nil where there is no such picture.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed`` where its file is gone or too long.
    public func read(_ id: ImageID) throws(StorageError) -> [UInt8]? {
        guard let path = paths[id] else { return nil }
        // The path had no links when the dataset was opened, so one that is there now came later.
        return try OpenFile(path, O_RDONLY | O_NOFOLLOW).read(limit: Self.maximumFileBytes)
    }

    /// A page of ids in their order.
    ///
    /// - Parameters:
    ///   - cursor: The id behind which to begin, whether it exists or not; nil begins with the first.
    ///   - limit: How many ids to give at most.
    /// - Returns: The ids in their order; none behind the last one.
    public func ids(after cursor: ImageID?, limit: Int) -> ArraySlice<ImageID> {
        ids.page(after: cursor, limit: limit)
    }
}
