/// The in-memory index of a ``FileImageStore``; does not access files.
///
/// A pointer is a small file that refers to a picture's object, the file with its encoded bytes. Pictures with the same
/// bytes share one object, which is removed with the last pointer to it.
struct StoreIndex {
    /// Kind of picture that a pointer refers to; the raw value is the pointer's directory.
    enum Kind: String {
        case upload = "uploads"
        case processed
    }

    /// Disk block size in bytes; space for objects and pointers is counted in full blocks.
    static let blockBytes = 4096

    private var uploads: [ImageID: ImageMetadata] = [:]
    private var processed: [ImageID: ImageMetadata] = [:]
    private var recency = RecencyList<ImageID>()
    private var references: [String: Int] = [:]
    /// Objects from an earlier process that have not been read yet, and those found damaged.
    private var unverified: Set<String> = []

    /// Ids of all uploads, in ascending order.
    private(set) var uploadIDs: [ImageID] = []
    /// Space that all pictures take, in bytes.
    private(set) var usedBytes = 0
    /// Space that uploads take, in bytes; the rest of the used space can be evicted.
    private(set) var uploadBytes = 0
    /// Space reserved for pictures that are being written, in bytes.
    var reservedBytes = 0

    /// Returns the space that a picture takes if it shares no object, in bytes.
    static func cost(of metadata: ImageMetadata) -> Int { blockBytes + objectCost(of: metadata) }

    private static func objectCost(of metadata: ImageMetadata) -> Int {
        (metadata.byteCount + blockBytes - 1) / blockBytes * blockBytes
    }

    func metadata(_ kind: Kind, _ id: ImageID) -> ImageMetadata? {
        switch kind {
        case .upload: uploads[id]
        case .processed: processed[id]
        }
    }

    /// The least recently used processed version.
    var leastRecentlyUsed: ImageID? { recency.oldest }

    /// Records the use of a processed version; returns false if that changes nothing.
    mutating func use(_ id: ImageID) -> Bool {
        guard processed[id] != nil, recency.newest != id else { return false }
        recency.use(id)
        return true
    }

    /// Returns whether any pointer refers to the object.
    func hasObject(_ sha256: String) -> Bool { references[sha256] != nil }

    /// Returns whether the object exists and its bytes have been verified.
    func isVerified(_ sha256: String) -> Bool { hasObject(sha256) && !unverified.contains(sha256) }

    /// Records whether an object's bytes have been verified.
    mutating func setVerified(_ sha256: String, _ isVerified: Bool) {
        guard hasObject(sha256) else { return }
        if isVerified { unverified.remove(sha256) } else { unverified.insert(sha256) }
    }

    /// Adds a pointer, replacing one with the same id.
    ///
    /// - Returns: The SHA-256 of the object that has lost its last pointer, if any.
    mutating func insert(_ kind: Kind, _ metadata: ImageMetadata) -> String? {
        // Add the new reference before removing the old one: both may refer to the same object.
        let count = references[metadata.sha256, default: 0]
        references[metadata.sha256] = count + 1
        if count == 0 { usedBytes += Self.objectCost(of: metadata) }
        let released = remove(kind, metadata.id)

        usedBytes += Self.blockBytes
        switch kind {
        case .upload:
            uploads[metadata.id] = metadata
            uploadBytes += Self.cost(of: metadata)
            uploadIDs.insert(metadata.id, at: uploadIDs.partitioningIndex { $0 >= metadata.id })
        case .processed:
            processed[metadata.id] = metadata
            recency.use(metadata.id)
        }
        return released
    }

    /// Removes a pointer if it exists.
    ///
    /// - Returns: The SHA-256 of the object that has lost its last pointer, if any.
    mutating func remove(_ kind: Kind, _ id: ImageID) -> String? {
        let removed: ImageMetadata
        switch kind {
        case .upload:
            guard let metadata = uploads.removeValue(forKey: id) else { return nil }
            removed = metadata
            uploadBytes -= Self.cost(of: metadata)
            uploadIDs.remove(at: uploadIDs.partitioningIndex { $0 >= id })
        case .processed:
            guard let metadata = processed.removeValue(forKey: id) else { return nil }
            removed = metadata
            recency.remove(id)
        }
        usedBytes -= Self.blockBytes

        let count = references[removed.sha256, default: 1] - 1
        guard count == 0 else {
            references[removed.sha256] = count
            return nil
        }
        references[removed.sha256] = nil
        unverified.remove(removed.sha256)
        usedBytes -= Self.objectCost(of: removed)
        return removed.sha256
    }
}
