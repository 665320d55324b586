package import Basics

/// Stores uploaded pictures, the latest processed version of each picture, and small documents.
///
/// Calls block and are thread-safe: make them from worker threads, never from Swift's cooperative pool. Calls are
/// atomic: a reader gets a complete picture, either the old one or the new one.
///
/// An upload is kept until it is deleted, or expires in a store with a time to live. Processed versions can be made
/// again, so a store may evict the least recently used ones, and does so before it rejects a picture for lack of room.
package protocol ImageStore: Sendable {
    /// Checks that the store is usable; cheap.
    ///
    /// - Throws: ``StorageError`` that says why it is not.
    func check() throws(StorageError)

    /// Stores a picture under the id of its content.
    ///
    /// When this returns, the picture survives a power failure; in Redis this depends on the server's settings.
    /// - Parameter image: A picture that was created without an id.
    /// - Returns: Whether the picture is new; one that is already stored is left as it is.
    /// - Throws: ``StorageError`` with ``StorageError/Code/full`` if there is no room.
    @discardableResult
    func store(upload image: StoredImage) throws(StorageError) -> Bool

    /// Reads an upload, or returns nil if there is none.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/damaged`` if its bytes no longer match their SHA-256.
    func upload(_ id: ImageID) throws(StorageError) -> StoredImage?

    /// Returns the metadata of an upload, or nil if there is none.
    func uploadMetadata(_ id: ImageID) throws(StorageError) -> ImageMetadata?

    /// Lists uploads in ascending order of their ids.
    ///
    /// - Parameters:
    ///   - cursor: The id after which the list starts, which need not exist; nil starts with the first upload.
    ///   - limit: Maximum number of uploads to list.
    /// - Returns: The metadata of each upload.
    /// - Throws: ``StorageError``.
    func uploads(after cursor: ImageID?, limit: Int) throws(StorageError) -> [ImageMetadata]

    /// Deletes an upload and its processed version.
    ///
    /// - Returns: Whether the upload existed.
    @discardableResult
    func deleteUpload(_ id: ImageID) throws(StorageError) -> Bool

    /// Stores the processed version of a picture, replacing an earlier one.
    ///
    /// - Parameter image: The processed version, with the id of the original picture.
    /// - Throws: ``StorageError`` with ``StorageError/Code/full`` if there is no room, with
    ///   ``StorageError/Code/notFound`` if the original is an upload that has been deleted.
    func store(processed image: StoredImage) throws(StorageError)

    /// Reads the processed version of a picture, or returns nil if there is none.
    func processed(_ id: ImageID) throws(StorageError) -> StoredImage?

    /// Returns the metadata of the processed version of a picture, or nil if there is none.
    func processedMetadata(_ id: ImageID) throws(StorageError) -> ImageMetadata?

    /// Stores a document, replacing an earlier one; it survives what an upload survives.
    ///
    /// - Parameters:
    ///   - bytes: At most ``DocumentKind/maximumBytes``.
    ///   - kind: Kind of document.
    ///   - name: Its name.
    /// - Returns: Whether it is new.
    /// - Throws: ``StorageError`` with ``StorageError/Code/full`` if there are ``DocumentKind/maximumCount`` others.
    @discardableResult
    func store(document bytes: [UInt8], of kind: DocumentKind, named name: DocumentName) throws(StorageError) -> Bool

    /// Reads a document, or returns nil if there is none.
    func document(of kind: DocumentKind, named name: DocumentName) throws(StorageError) -> [UInt8]?

    /// Returns the names of all documents of a kind, sorted.
    func documentNames(of kind: DocumentKind) throws(StorageError) -> [DocumentName]

    /// Deletes a document.
    ///
    /// - Returns: Whether it existed.
    @discardableResult
    func deleteDocument(of kind: DocumentKind, named name: DocumentName) throws(StorageError) -> Bool

    /// Whether a document that is missing was deleted by a process that shares the store, less than a day ago, rather than
    /// lost with the store's contents.
    func wasDeleted(_ kind: DocumentKind, named name: DocumentName) throws(StorageError) -> Bool

    /// Takes or renews a lease: of all processes that share the store, one at a time has it.
    ///
    /// - Parameters:
    ///   - name: Name of the lease.
    ///   - holder: Name of this process, different from that of all others.
    ///   - milliseconds: Time after which the lease ends if it is not renewed.
    /// - Returns: Who has it: `holder`, or another process.
    /// - Throws: ``StorageError``.
    func lease(_ name: String, for holder: String, milliseconds: Int) throws(StorageError) -> String

    /// Gives a lease back, if this process has it.
    func release(_ name: String, for holder: String) throws(StorageError)
}

extension ImageStore {
    // A store on disk has one process, which knows what it has deleted.
    package func wasDeleted(_ kind: DocumentKind, named name: DocumentName) throws(StorageError) -> Bool { false }
    package func lease(_ name: String, for holder: String, milliseconds: Int) throws(StorageError) -> String { holder }
    package func release(_ name: String, for holder: String) throws(StorageError) {}
}

extension StorageError {
    static func tooManyDocuments(_ kind: DocumentKind) -> StorageError {
        StorageError(.full, "there are \(DocumentKind.maximumCount) \(kind.rawValue) already: delete some")
    }
}
