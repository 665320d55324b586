import Glibc
import Synchronization

/// An image store in a directory, for one process.
///
/// A picture is written to a temporary file and then renamed, its object before its pointer; it is removed in the
/// other order. A process that is killed at any moment thus leaves at most files that nothing points to, which the next
/// one sweeps. Uploads are synchronised to the disk before ``store(upload:)`` returns. Processed versions are not, as
/// they can be made again: after a loss of power some may be missing. Bytes that an earlier process wrote are checked
/// against their SHA-256 when they are read for the first time, so that none come out damaged.
///
/// The index is in memory, and changes to it and to the names in the directory are made together under one lock. What
/// takes time is outside of the lock: writing happens in temporary files, and a reader opens a picture under the lock
/// and reads it outside, where replacing and evicting it do not touch what is open.
///
/// Every call blocks until the disk has answered: call it from worker threads, of which there may be any number.
public final class FileImageStore: ImageStore {
    /// What was swept or dropped when the store was opened and should not have been there, for the log.
    public let warnings: [String]

    private let layout: StoreLayout
    private let quotaBytes: Int
    private let index: Mutex<StoreIndex>
    private let temporaryNumber = Atomic(0)
    /// Keeps other processes out for as long as it is open.
    private let lock: OpenFile

    /// A picture that is open, or missing in spite of its pointer.
    private struct Opened: ~Copyable {
        let metadata: ImageMetadata
        let isVerified: Bool
        let file: OpenFile?
    }

    /// Opens the store in a directory, which is made if it is missing.
    ///
    /// Reads the metadata of all pictures, which takes about 20 ms for a thousand.
    /// - Parameters:
    ///   - directory: A directory for this store alone.
    ///   - quotaBytes: The room that all pictures may take in bytes, counted in blocks of 4096 with one more each for
    ///     its metadata. Where it is used up, the processed versions that were not used for the longest time go.
    /// - Throws: ``StorageError`` with ``StorageError/Code/inUse`` where another process has the store open, with
    ///   ``StorageError/Code/failed`` where the directory cannot be used.
    public init(directory: String, quotaBytes: Int = 2 * 1024 * 1024 * 1024) throws(StorageError) {
        layout = try StoreLayout.prepare(directory)
        lock = try OpenFile(layout.lock, O_RDWR | O_CREAT)
        guard try lock.lock() else {
            throw StorageError(
                .inUse,
                "another process uses the image store: give each process a directory of its own, or stop the other"
            )
        }
        self.quotaBytes = quotaBytes
        var recovery = StoreRecovery(layout: layout)
        let recovered = try recovery.run()
        warnings = recovery.warnings.texts
        index = Mutex(recovered)
        try index.withLock { index throws(StorageError) in
            while index.usedBytes > quotaBytes, let id = index.leastRecentlyUsed {
                try drop(.processed, id, from: &index)
            }
        }
    }

    deinit {
        // Closing the file is not enough while a child process is being started, which holds a copy until it executes.
        lock.unlock()
    }

    /// Does nothing: what a disk refuses is known when it does.
    public func check() {}

    /// Stores a picture under the id of its content; false where it was there already.
    @discardableResult
    public func store(upload image: StoredImage) throws(StorageError) -> Bool {
        let metadata = image.metadata
        precondition(metadata.id == ImageID(sha256: metadata.sha256), "an upload is named by its content")
        let isNew = try store(.upload, image)
        // Also where another call has stored the picture and may not be this far yet.
        try FileSystem.synchronize(directory: layout.objectDirectory(metadata.sha256))
        try FileSystem.synchronize(directory: layout.directory(of: .upload))
        return isNew
    }

    /// Reads an upload, or gives nil where there is none.
    public func upload(_ id: ImageID) throws(StorageError) -> StoredImage? {
        try read(.upload, id)
    }

    /// What is known of an upload, or nil where there is none.
    public func uploadMetadata(_ id: ImageID) -> ImageMetadata? {
        index.withLock { $0.metadata(.upload, id) }
    }

    /// Lists uploads in the order of their ids, behind the cursor.
    public func uploads(after cursor: ImageID?, limit: Int) -> [ImageMetadata] {
        index.withLock { index in
            index.uploadIDs.page(after: cursor, limit: limit).compactMap { index.metadata(.upload, $0) }
        }
    }

    /// Deletes an upload and its processed version; false where there is none.
    @discardableResult
    public func deleteUpload(_ id: ImageID) throws(StorageError) -> Bool {
        let isDeleted = try index.withLock { index throws(StorageError) in
            guard index.metadata(.upload, id) != nil else { return false }
            try drop(.processed, id, from: &index)
            try drop(.upload, id, from: &index)
            return true
        }
        if isDeleted { try FileSystem.synchronize(directory: layout.directory(of: .upload)) }
        return isDeleted
    }

    /// Stores the processed version of a picture, in place of an earlier one.
    public func store(processed image: StoredImage) throws(StorageError) {
        try store(.processed, image)
    }

    /// Reads the processed version of a picture, or gives nil where there is none.
    public func processed(_ id: ImageID) throws(StorageError) -> StoredImage? {
        try read(.processed, id)
    }

    /// What is known of the processed version of a picture, or nil where there is none.
    public func processedMetadata(_ id: ImageID) -> ImageMetadata? {
        index.withLock { index in
            use(id, in: &index)
            return index.metadata(.processed, id)
        }
    }
}

extension FileImageStore {
    /// Stores a picture; false where it was there already.
    @discardableResult
    private func store(_ kind: StoreIndex.Kind, _ image: StoredImage) throws(StorageError) -> Bool {
        let metadata = image.metadata
        let cost = StoreIndex.cost(of: metadata)
        guard try index.withLock({ index throws(StorageError) in try reserve(kind, metadata, in: &index) }) else {
            return false
        }
        defer { index.withLock { $0.reservedBytes -= cost } }
        // The object may be an upload's too, which must not be replaced by one that is not durable.
        let isShared = index.withLock { $0.hasObject(metadata.sha256) }
        let object = try TemporaryFile(temporaryPath(), image.bytes, isDurable: kind == .upload || isShared)
        let pointer = try TemporaryFile(temporaryPath(), StoreLayout.encode(metadata), isDurable: kind == .upload)
        return try index.withLock { index throws(StorageError) in
            try requireSource(kind, metadata.id, in: index)
            let isNew = index.metadata(kind, metadata.id)?.sha256 != metadata.sha256
            // What is there may be damaged if nobody has read it, or not synchronised if it is a processed version's.
            if kind == .upload || !index.isVerified(metadata.sha256) {
                try object.move(to: layout.object(metadata.sha256))
            }
            do throws(StorageError) {
                try pointer.move(to: layout.pointer(kind, metadata.id))
            } catch {
                if !index.hasObject(metadata.sha256) { try? FileSystem.remove(layout.object(metadata.sha256)) }
                throw error
            }
            if let released = index.insert(kind, metadata) { try? FileSystem.remove(layout.object(released)) }
            index.setVerified(metadata.sha256, true)
            return isNew
        }
    }

    /// Makes room for a picture and reserves it; false where the picture is there already.
    private func reserve(
        _ kind: StoreIndex.Kind,
        _ metadata: ImageMetadata,
        in index: inout StoreIndex
    ) throws(StorageError) -> Bool {
        try requireSource(kind, metadata.id, in: index)
        if kind == .processed { use(metadata.id, in: &index) }
        if index.metadata(kind, metadata.id)?.sha256 == metadata.sha256, index.isVerified(metadata.sha256) {
            return false
        }
        let cost = StoreIndex.cost(of: metadata)
        guard cost <= quotaBytes else {
            throw StorageError(
                .full,
                "the picture's \(metadata.byteCount) bytes are more than the image store's quota of \(quotaBytes)"
            )
        }
        // Without this a picture that finds no room would still have evicted all others.
        guard index.uploadBytes + index.reservedBytes + cost <= quotaBytes else {
            throw StorageError(
                .full,
                "uploads use \(index.uploadBytes) of the image store's quota of \(quotaBytes) bytes: delete some of them"
            )
        }
        while index.usedBytes + index.reservedBytes + cost > quotaBytes, let id = index.leastRecentlyUsed {
            try drop(.processed, id, from: &index)
        }
        index.reservedBytes += cost
        return true
    }

    /// Checks that a processed version of an upload does not outlive it.
    private func requireSource(
        _ kind: StoreIndex.Kind,
        _ id: ImageID,
        in index: StoreIndex
    ) throws(StorageError) {
        guard kind == .processed, id.isUpload, index.metadata(.upload, id) == nil else { return }
        throw StorageError(.notFound, "the picture \(id) was deleted: upload it again")
    }

    /// Removes a pointer and, with the last one, its object.
    private func drop(_ kind: StoreIndex.Kind, _ id: ImageID, from index: inout StoreIndex) throws(StorageError) {
        try FileSystem.remove(layout.pointer(kind, id))
        // An object that stays behind is swept when the store is opened next.
        if let released = index.remove(kind, id) { try? FileSystem.remove(layout.object(released)) }
    }

    private func temporaryPath() -> String {
        "\(layout.temporary)/\(temporaryNumber.add(1, ordering: .relaxed).newValue)"
    }
}

extension FileImageStore {
    private func read(_ kind: StoreIndex.Kind, _ id: ImageID) throws(StorageError) -> StoredImage? {
        guard let opened = try index.withLock({ index throws(StorageError) in try open(kind, id, in: &index) }) else {
            return nil
        }
        let metadata = opened.metadata
        if let bytes = try opened.file?.read(limit: .max), bytes.count == metadata.byteCount,
            opened.isVerified || Digest.sha256(of: bytes) == metadata.sha256
        {
            if !opened.isVerified { index.withLock { $0.setVerified(metadata.sha256, true) } }
            return StoredImage(metadata: metadata, bytes: bytes)
        }
        return try index.withLock { index throws(StorageError) in
            index.setVerified(metadata.sha256, false)
            guard kind == .processed else {
                throw StorageError(.damaged, "the stored bytes of \(id) are damaged: upload the picture again")
            }
            // It may have been replaced in the meantime.
            if index.metadata(kind, id) == metadata { try drop(kind, id, from: &index) }
            return nil
        }
    }

    private func open(
        _ kind: StoreIndex.Kind,
        _ id: ImageID,
        in index: inout StoreIndex
    ) throws(StorageError) -> Opened? {
        guard let metadata = index.metadata(kind, id) else { return nil }
        if kind == .processed { use(id, in: &index) }
        let isVerified = index.isVerified(metadata.sha256)
        do throws(StorageError) {
            let file = try OpenFile(layout.object(metadata.sha256), O_RDONLY)
            return Opened(metadata: metadata, isVerified: isVerified, file: file)
        } catch {
            guard (error.cause as? SystemError)?.number == ENOENT else { throw error }
            return Opened(metadata: metadata, isVerified: isVerified, file: nil)
        }
    }

    /// Notes the use of a processed version, also for the next process.
    private func use(_ id: ImageID, in index: inout StoreIndex) {
        if index.use(id) { FileSystem.touch(layout.pointer(.processed, id)) }
    }
}
