internal import DecodeWorkers
internal import FoundationEssentials
internal import Imaging
package import Storage

/// Pictures with an id: those of the dataset, and uploads.
///
/// Every method blocks; call it on a worker thread.
package struct PictureLibrary: Sendable {
    /// The read-only dataset; nil if there is none.
    package let dataset: Dataset?
    /// Uploads and processed pictures.
    package let store: any ImageStore

    package init(dataset: Dataset?, store: any ImageStore) {
        self.dataset = dataset
        self.store = store
    }

    func contains(_ id: ImageID) throws -> Bool {
        if dataset?.path(of: id) != nil { return true }
        return try store.uploadMetadata(id) != nil
    }

    /// Returns the picture's original bytes.
    ///
    /// - Throws: `StorageError` with `notFound`.
    func originalBytes(_ id: ImageID) throws -> [UInt8] {
        if let bytes = try dataset?.read(id) { return bytes }
        guard let upload = try store.upload(id) else { throw Self.notFound(id) }
        return upload.bytes
    }

    /// Returns the original picture with its metadata.
    ///
    /// - Throws: `StorageError` with `notFound`; `ImageError` for a picture of the dataset that cannot be read.
    func original(_ id: ImageID, _ decoder: PictureDecoder) async throws -> StoredImage {
        if let bytes = try dataset?.read(id) {
            // The limits are for clients; the operator chose the dataset.
            let unlimited = ImageLimits(maximumBytes: .max, maximumPixels: .max)
            let info = try await decoder.info(bytes, limits: unlimited)
            return StoredImage(id: id, bytes: bytes, format: info.format.name, width: info.width, height: info.height)
        }
        guard let upload = try store.upload(id) else { throw Self.notFound(id) }
        return upload
    }

    /// Returns the picture's processed version.
    ///
    /// - Throws: `StorageError` with `notProcessed` or `notFound`.
    func processed(_ id: ImageID) throws -> StoredImage {
        if let processed = try store.processed(id) { return processed }
        guard try contains(id) else { throw Self.notFound(id) }
        throw StorageError(
            .notProcessed,
            "Picture \(id) has not been processed yet: call POST /process_image with {\"image_id\": \"\(id)\"} first."
        )
    }

    static func notFound(_ id: ImageID) -> StorageError {
        StorageError(.notFound, "There is no picture \(id); GET /images lists your uploads.")
    }
}
