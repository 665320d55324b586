/// Keeps people's own pictures, and of each picture the version that was processed last.
///
/// Every call blocks until it is done and may be made from any thread, so make it from a worker thread and never from
/// Swift's cooperative pool. Calls are atomic: a reader gets a whole picture, the old one or the new one.
///
/// An upload stays until it is deleted. A processed version may be made again: the store may drop the ones that were
/// not used for the longest time, and does so before it refuses anything for its quota.
public protocol ImageStore: Sendable {
    /// Checks that the store can be used now; cheap.
    ///
    /// - Throws: ``StorageError`` that says why it cannot.
    func check() throws(StorageError)

    /// Stores a picture under the id of its content.
    ///
    /// When this returns, the picture outlives a loss of power.
    /// - Parameter image: A picture that was made without an id.
    /// - Returns: Whether it is new; a picture that is there already stays as it is.
    /// - Throws: ``StorageError`` with ``StorageError/Code/full`` where there is no room.
    @discardableResult
    func store(upload image: StoredImage) throws(StorageError) -> Bool

    /// Reads an upload, or gives nil where there is none.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/damaged`` where its bytes are no longer what they were.
    func upload(_ id: ImageID) throws(StorageError) -> StoredImage?

    /// What is known of an upload, or nil where there is none.
    func uploadMetadata(_ id: ImageID) throws(StorageError) -> ImageMetadata?

    /// Lists uploads in the order of their ids.
    ///
    /// - Parameters:
    ///   - cursor: The id behind which to begin, whether it exists or not; nil begins with the first.
    ///   - limit: How many to list at most.
    /// - Returns: What is known of each of them.
    /// - Throws: ``StorageError``.
    func uploads(after cursor: ImageID?, limit: Int) throws(StorageError) -> [ImageMetadata]

    /// Deletes an upload and its processed version.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    func deleteUpload(_ id: ImageID) throws(StorageError) -> Bool

    /// Stores the processed version of a picture, in place of an earlier one.
    ///
    /// - Parameter image: The processed version, under the id of the picture it was made of.
    /// - Throws: ``StorageError`` with ``StorageError/Code/full`` where there is no room, with
    ///   ``StorageError/Code/notFound`` where it was made of an upload that is deleted by now.
    func store(processed image: StoredImage) throws(StorageError)

    /// Reads the processed version of a picture, or gives nil where there is none.
    func processed(_ id: ImageID) throws(StorageError) -> StoredImage?

    /// What is known of the processed version of a picture, or nil where there is none.
    func processedMetadata(_ id: ImageID) throws(StorageError) -> ImageMetadata?
}
