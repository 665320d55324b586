import Glibc
import Synchronization

/// An image store in a directory, used by one process at a time.
///
/// A picture is written to temporary files that are then renamed, the object before the pointer; both are removed in
/// the reverse order. A process killed at any moment therefore leaves at most unreferenced files, which are removed
/// when the store is next opened. Uploads are synchronised to disk before ``store(upload:)`` returns. Processed
/// versions are not, because they can be made again: some may be missing after a power failure. Bytes written by an
/// earlier process are verified against their SHA-256 when they are first read, so damaged bytes are never returned.
///
/// The index is kept in memory; changes to it and to directory entries are made together under one lock. Slow work is
/// done outside of the lock: pictures are written to temporary files, and a reader opens a picture under the lock and
/// reads it after releasing the lock. Replacing or evicting a picture does not affect files that are already open.
///
/// Every call blocks on disk I/O: make calls from worker threads, any number of them at the same time.
package final class FileImageStore: ImageStore {
    /// Damage that was found and removed when the store was opened, for the log.
    package let warnings: [String]

    let layout: StoreLayout
    private let quotaBytes: Int
    private let index: Mutex<StoreIndex>
    private let temporaryNumber = Atomic(0)
    /// Held while documents are counted and changed.
    let documents = Mutex(())
    /// The lock file, held while the store is open to exclude other processes.
    private let lock: OpenFile

    /// An opened picture; `file` is nil if the pointer exists but the object does not.
    private struct Opened: ~Copyable {
        let metadata: ImageMetadata
        let isVerified: Bool
        let file: OpenFile?
    }

    /// Opens the store in a directory, which is created if it does not exist.
    ///
    /// Reads the metadata of all pictures, which takes about 20 ms per thousand.
    /// - Parameters:
    ///   - directory: A directory used only by this store.
    ///   - quotaBytes: Maximum space for all pictures in bytes, counted in blocks of 4096 plus one block per picture
    ///     for its metadata. When it is used up, the least recently used processed versions are evicted.
    /// - Throws: ``StorageError`` with ``StorageError/Code/inUse`` if another process has the store open, with
    ///   ``StorageError/Code/failed`` if the directory cannot be used.
    package init(directory: String, quotaBytes: Int = 2 * 1024 * 1024 * 1024) throws(StorageError) {
        layout = try StoreLayout.prepare(directory)
        lock = try OpenFile(layout.lock, O_RDWR | O_CREAT)
        guard try lock.lock() else {
            throw StorageError(
                .inUse,
                "another process uses the image store: give each process its own directory, or stop the other one"
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
        // Closing the file is not enough: a child process being started holds a copy of the descriptor until exec.
        lock.unlock()
    }

    /// Does nothing: disk errors are reported by the calls that run into them.
    package func check() {}

    /// Stores a picture under the id of its content; returns false if it was already stored.
    @discardableResult
    package func store(upload image: StoredImage) throws(StorageError) -> Bool {
        let metadata = image.metadata
        precondition(metadata.id == ImageID(sha256: metadata.sha256), "an upload's id must derive from its content")
        let isNew = try store(.upload, image)
        // Even if the picture is not new: the call that stored it may not have synchronised it yet.
        try FileSystem.synchronize(directory: layout.objectDirectory(metadata.sha256))
        try FileSystem.synchronize(directory: layout.directory(of: .upload))
        return isNew
    }

    /// Reads an upload, or returns nil if there is none.
    package func upload(_ id: ImageID) throws(StorageError) -> StoredImage? {
        try read(.upload, id)
    }

    /// Returns the metadata of an upload, or nil if there is none.
    package func uploadMetadata(_ id: ImageID) -> ImageMetadata? {
        index.withLock { $0.metadata(.upload, id) }
    }

    /// Lists uploads after the cursor in ascending order of their ids.
    package func uploads(after cursor: ImageID?, limit: Int) -> [ImageMetadata] {
        index.withLock { index in
            index.uploadIDs.page(after: cursor, limit: limit).compactMap { index.metadata(.upload, $0) }
        }
    }

    /// Deletes an upload and its processed version; returns false if there is no such upload.
    @discardableResult
    package func deleteUpload(_ id: ImageID) throws(StorageError) -> Bool {
        let isDeleted = try index.withLock { index throws(StorageError) in
            guard index.metadata(.upload, id) != nil else { return false }
            try drop(.processed, id, from: &index)
            try drop(.upload, id, from: &index)
            return true
        }
        if isDeleted { try FileSystem.synchronize(directory: layout.directory(of: .upload)) }
        return isDeleted
    }

    /// Stores the processed version of a picture, replacing an earlier one.
    package func store(processed image: StoredImage) throws(StorageError) {
        try store(.processed, image)
    }

    /// Reads the processed version of a picture, or returns nil if there is none.
    package func processed(_ id: ImageID) throws(StorageError) -> StoredImage? {
        try read(.processed, id)
    }

    /// Returns the metadata of the processed version of a picture, or nil if there is none.
    package func processedMetadata(_ id: ImageID) -> ImageMetadata? {
        index.withLock { index in
            use(id, in: &index)
            return index.metadata(.processed, id)
        }
    }
}

extension FileImageStore {
    /// Stores a picture; returns false if it was already stored.
    @discardableResult
    private func store(_ kind: StoreIndex.Kind, _ image: StoredImage) throws(StorageError) -> Bool {
        let metadata = image.metadata
        let cost = StoreIndex.cost(of: metadata)
        guard try index.withLock({ index throws(StorageError) in try reserve(kind, metadata, in: &index) }) else {
            return false
        }
        defer { index.withLock { $0.reservedBytes -= cost } }
        // An upload may share the object, which must not be replaced by a file that is not durable.
        let isShared = index.withLock { $0.hasObject(metadata.sha256) }
        let object = try TemporaryFile(temporaryPath(), image.bytes, isDurable: kind == .upload || isShared)
        let pointer = try TemporaryFile(temporaryPath(), StoreLayout.encode(metadata), isDurable: kind == .upload)
        return try index.withLock { index throws(StorageError) in
            try requireSource(kind, metadata.id, in: index)
            let isNew = index.metadata(kind, metadata.id)?.sha256 != metadata.sha256
            // An existing object may be damaged if it was never verified, or not synchronised if it was written for a
            // processed version.
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

    /// Makes and reserves room for a picture; returns false if the picture is already stored.
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
                "the picture's \(metadata.byteCount) bytes exceed the image store's quota of \(quotaBytes)"
            )
        }
        // Checked before evicting: a picture that cannot fit must not evict others.
        guard index.uploadBytes + index.reservedBytes + cost <= quotaBytes else {
            throw StorageError(
                .full,
                "uploads use \(index.uploadBytes) of the image store's quota of \(quotaBytes) bytes: delete some"
            )
        }
        while index.usedBytes + index.reservedBytes + cost > quotaBytes, let id = index.leastRecentlyUsed {
            try drop(.processed, id, from: &index)
        }
        index.reservedBytes += cost
        return true
    }

    /// Throws if a processed version belongs to an upload that has been deleted.
    private func requireSource(
        _ kind: StoreIndex.Kind,
        _ id: ImageID,
        in index: StoreIndex
    ) throws(StorageError) {
        guard kind == .processed, id.isUpload, index.metadata(.upload, id) == nil else { return }
        throw StorageError(.notFound, "the picture \(id) was deleted: upload it again")
    }

    /// Removes a pointer, and its object if that was the last pointer to it.
    private func drop(_ kind: StoreIndex.Kind, _ id: ImageID, from index: inout StoreIndex) throws(StorageError) {
        try FileSystem.remove(layout.pointer(kind, id))
        // An object that cannot be removed now is removed when the store is next opened.
        if let released = index.remove(kind, id) { try? FileSystem.remove(layout.object(released)) }
    }

    func temporaryPath() -> String {
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
            // Another call may have replaced the version in the meantime.
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

    /// Records the use of a processed version; its pointer's modification time keeps it for the next process.
    private func use(_ id: ImageID, in index: inout StoreIndex) {
        if index.use(id) { FileSystem.touch(layout.pointer(.processed, id)) }
    }
}
