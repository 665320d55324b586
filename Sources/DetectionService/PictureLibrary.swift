internal import FoundationEssentials
internal import Imaging
public import Storage

/// The pictures that the service knows by an id: the dataset's and people's own.
///
/// Every call blocks; make it from a worker thread.
public struct PictureLibrary: Sendable {
    /// The dataset, read only.
    public let dataset: Dataset?
    /// Own and processed pictures.
    public let store: any ImageStore

    /// Puts a dataset and a store together.
    public init(dataset: Dataset?, store: any ImageStore) {
        self.dataset = dataset
        self.store = store
    }

    func contains(_ id: ImageID) throws -> Bool {
        if dataset?.path(of: id) != nil { return true }
        return try store.uploadMetadata(id) != nil
    }

    /// The picture's own bytes, for those who need not know more of them.
    ///
    /// - Throws: ``Problem`` (404) where there is no such picture.
    func originalBytes(_ id: ImageID) throws -> [UInt8] {
        if let bytes = try dataset?.read(id) { return bytes }
        guard let upload = try store.upload(id) else { throw Self.notFound(id) }
        return upload.bytes
    }

    /// The picture as it came, with what is known of it.
    ///
    /// - Throws: ``Problem`` (404) where there is no such picture.
    func original(_ id: ImageID) throws -> StoredImage {
        if let bytes = try dataset?.read(id) {
            // The dataset's owner knows how large its pictures are.
            let unlimited = ImageLimits(maximumBytes: .max, maximumPixels: .max)
            let info = try ImageInfo(reading: bytes.span.bytes, limits: unlimited)
            return StoredImage(id: id, bytes: bytes, format: info.format.name, width: info.width, height: info.height)
        }
        guard let upload = try store.upload(id) else { throw Self.notFound(id) }
        return upload
    }

    /// The picture's processed version.
    ///
    /// - Throws: ``Problem``: 409 where it was not processed, 404 where there is no such picture.
    func processed(_ id: ImageID) throws -> StoredImage {
        if let processed = try store.processed(id) { return processed }
        guard try contains(id) else { throw Self.notFound(id) }
        throw Problem(
            .notProcessed,
            "Picture \(id) was not processed yet: call POST /process_image with {\"image_id\": \"\(id)\"} first."
        )
    }

    static func notFound(_ id: ImageID) -> Problem {
        Problem(.notFound, "There is no picture \(id); GET /images lists your own.")
    }
}
