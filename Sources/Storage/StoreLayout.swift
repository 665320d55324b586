internal import Basics
internal import FoundationEssentials

/// File layout of a ``FileImageStore``: everything lies below one directory, in one file system.
///
///     lock                            locked by the process that uses the store
///     objects/b2/b2fe…                encoded pictures, named by their SHA-256
///     uploads/img_b2fe….json          pointers: metadata with the SHA-256 of the object
///     processed/000000000144.json
///     documents/zones/front           small documents
///     temporary/17                    files being written
struct StoreLayout {
    /// Maximum size of a pointer in bytes; actual ones have about 300.
    static let maximumPointerBytes = 64 * 1024

    let root: String

    var lock: String { "\(root)/lock" }
    var objects: String { "\(root)/objects" }
    var temporary: String { "\(root)/temporary" }

    func directory(of kind: StoreIndex.Kind) -> String { "\(root)/\(kind.rawValue)" }

    func directory(of kind: DocumentKind) -> String { "\(root)/documents/\(kind.rawValue)" }

    func document(_ kind: DocumentKind, _ name: DocumentName) -> String { "\(directory(of: kind))/\(name)" }

    func pointer(_ kind: StoreIndex.Kind, _ id: ImageID) -> String { "\(directory(of: kind))/\(id).json" }

    /// Returns the directory of an object, one of 256 so that none grows large.
    func objectDirectory(_ sha256: String) -> String { "\(objects)/\(sha256.prefix(2))" }

    func object(_ sha256: String) -> String { "\(objectDirectory(sha256))/\(sha256)" }

    /// Creates missing directories, so that storing a picture never has to.
    ///
    /// - Returns: The layout, rooted at the directory's absolute path.
    static func prepare(_ directory: String) throws(StorageError) -> StoreLayout {
        try FileSystem.makeDirectory(directory)
        let layout = StoreLayout(root: try FileSystem.resolve(directory))
        try FileSystem.makeDirectory(layout.objects)
        try FileSystem.makeDirectory(layout.temporary)
        try FileSystem.makeDirectory(layout.directory(of: .upload))
        try FileSystem.makeDirectory(layout.directory(of: .processed))
        for kind in DocumentKind.allCases { try FileSystem.makeDirectory(layout.directory(of: kind)) }
        for byte in 0...255 as ClosedRange<UInt8> {
            try FileSystem.makeDirectory(layout.objectDirectory([byte].hexadecimal))
        }
        try FileSystem.synchronize(directory: layout.objects)
        try FileSystem.synchronize(directory: layout.root)
        return layout
    }

    static func encode(_ metadata: ImageMetadata) throws(StorageError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys]
        do {
            return Array(try encoder.encode(metadata))
        } catch {
            throw StorageError(.failed, "the picture's metadata cannot be encoded as JSON", cause: error)
        }
    }

    /// Decodes the contents of a pointer, or returns nil if they are damaged.
    static func decode(_ pointer: [UInt8]) -> ImageMetadata? {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try? decoder.decode(ImageMetadata.self, from: Data(pointer))
    }
}
