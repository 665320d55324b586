/// What a ``FileImageStore`` holds: the bookkeeping alone, no files.
///
/// A pointer is a small file that names a picture's object, its encoded bytes. Pictures with the same bytes share one
/// object, which goes with the last pointer to it.
struct StoreIndex {
    /// What a pointer points to; the raw value is its directory.
    enum Kind: String {
        case upload = "uploads"
        case processed
    }

    /// Disks give out room in blocks, so that a tiny picture costs as much as its blocks and those of its pointer.
    static let blockBytes = 4096

    private var uploads: [ImageID: ImageMetadata] = [:]
    private var processed: [ImageID: ImageMetadata] = [:]
    private var recency = RecencyList<ImageID>()
    private var references: [String: Int] = [:]
    /// Objects found at the start that nobody read since.
    private var unverified: Set<String> = []

    /// The ids of all uploads in their order.
    private(set) var uploadIDs: [ImageID] = []
    /// The room that pictures take, in bytes.
    private(set) var usedBytes = 0
    /// The part of it that uploads take, in bytes; the rest can be evicted.
    private(set) var uploadBytes = 0
    /// The room for pictures that are being written, in bytes.
    var reservedBytes = 0

    /// The room that a picture takes by itself, in bytes.
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

    /// The processed version that was not used for the longest time.
    var leastRecentlyUsed: ImageID? { recency.oldest }

    /// Notes that a processed version was used; false where it was the last one used anyway.
    mutating func use(_ id: ImageID) -> Bool {
        guard processed[id] != nil, recency.newest != id else { return false }
        recency.use(id)
        return true
    }

    /// Whether anything points to the object.
    func hasObject(_ sha256: String) -> Bool { references[sha256] != nil }

    /// Whether the object is there and has the bytes it should have.
    func isVerified(_ sha256: String) -> Bool { hasObject(sha256) && !unverified.contains(sha256) }

    /// Notes what was seen of an object's bytes.
    mutating func setVerified(_ sha256: String, _ isVerified: Bool) {
        guard hasObject(sha256) else { return }
        if isVerified { unverified.remove(sha256) } else { unverified.insert(sha256) }
    }

    /// Adds a pointer, in place of the one with the same id.
    ///
    /// - Returns: The SHA-256 of the object that nothing points to any more, if there is one.
    mutating func insert(_ kind: Kind, _ metadata: ImageMetadata) -> String? {
        // The new reference comes before the old one goes, as both may be to one object.
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

    /// Removes a pointer, if it is there.
    ///
    /// - Returns: The SHA-256 of the object that nothing points to any more, if there is one.
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
