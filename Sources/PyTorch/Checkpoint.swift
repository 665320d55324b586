/// A checkpoint written by `torch.save` of PyTorch 1.6 or later: a zip file of one pickle and its tensor storages.
///
/// Nothing in the file is executed. The complete file is held in memory; tensors are views of it, and their elements
/// are copied only when they are read.
package struct Checkpoint {
    /// Limits on the size and complexity of a checkpoint.
    package struct Limits: Sendable {
        /// Maximum size of the file in bytes.
        package var maximumFileBytes = 2 << 30
        /// Maximum size in bytes of `data.pkl`, which holds everything except tensor elements.
        package var maximumPickleBytes = 32 << 20
        /// Maximum number of archive entries; there is one per tensor storage.
        package var maximumEntries = 1 << 17
        /// Maximum number of values that the pickle may create; YOLOv5n creates 34,000.
        package var maximumValues = 1 << 20
        /// Maximum nesting depth of values; 22 in YOLOv5n.
        package var maximumDepth = 200
        /// Maximum number of values, counting a shared value once per reference; 11,000 in YOLOv5n.
        package var maximumWalkedValues = 1 << 22

        /// Creates the default limits, which the server uses.
        package init() {}
    }

    /// The saved value.
    package let root: PickleValue
    /// Size of the file in bytes.
    package let byteCount: Int

    /// Reads a checkpoint from memory.
    ///
    /// - Parameters:
    ///   - bytes: The complete file.
    ///   - limits: Limits on its size and complexity.
    /// - Throws: ``PyTorchError`` with any code except ``PyTorchError/Code/unreadable``.
    package init(bytes: [UInt8], limits: Limits = Limits()) throws(PyTorchError) {
        guard bytes.count <= limits.maximumFileBytes else {
            throw PyTorchError(
                .tooLarge,
                "the file has \(bytes.count) bytes, more than the limit of \(limits.maximumFileBytes)"
            )
        }
        guard bytes.starts(with: Self.zipSignature) else { throw Self.notAnArchive(bytes) }
        let archive = try ZipArchive(bytes, maximumEntries: limits.maximumEntries)
        let folder = try Self.folder(in: archive)
        try Self.refuseOtherKinds(in: archive, folder: folder)
        guard let pickle = try archive.contents(of: "\(folder)/data.pkl") else {
            throw PyTorchError(.notAnArchive, "the zip file has no data.pkl: it was not written by torch.save")
        }
        guard pickle.count <= limits.maximumPickleBytes else {
            throw PyTorchError(
                .tooLarge,
                "data.pkl has \(pickle.count) bytes, more than the limit of \(limits.maximumPickleBytes)"
            )
        }
        var unpickler = Unpickler(StorageReader(archive, folder: folder), pickle, limits: limits)
        root = try unpickler.load()
        byteCount = bytes.count
    }

    /// Reads a checkpoint from a file.
    ///
    /// - Parameters:
    ///   - path: Path of the file.
    ///   - limits: Limits on its size and complexity.
    /// - Throws: ``PyTorchError`` with any code.
    package init(path: String, limits: Limits = Limits()) throws(PyTorchError) {
        let bytes = try CheckpointFile(path).read(maximumByteCount: limits.maximumFileBytes)
        try self.init(bytes: bytes, limits: limits)
    }

    private static let zipSignature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
    /// First bytes of files written by PyTorch before 1.6: a pickle of the integer 0x1950A86A20F9469CFC6C.
    private static let legacySignature: [UInt8] = [
        0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
    ]

    private static func notAnArchive(_ bytes: [UInt8]) -> PyTorchError {
        guard bytes.starts(with: legacySignature) else {
            return PyTorchError(.notAnArchive, "the file was not written by torch.save: use the original checkpoint")
        }
        return PyTorchError(
            .unsupported,
            "the checkpoint has the format of PyTorch before 1.6: load it with a current PyTorch and save it again"
        )
    }

    /// Returns the only top-level folder of the archive: the file's stem, or `archive`.
    private static func folder(in archive: ZipArchive) throws(PyTorchError) -> String {
        let folders = Set(archive.entries.keys.map { Array($0.utf8.prefix { $0 != UInt8(ascii: "/") }) })
        guard let folder = folders.first, folders.count == 1 else {
            throw PyTorchError(
                .notAnArchive,
                "the zip file does not have exactly one top-level folder: it was not written by torch.save"
            )
        }
        return String(decoding: folder, as: UTF8.self)
    }

    /// Rejects TorchScript programs, which PyTorch writes in the same container, and big-endian checkpoints.
    private static func refuseOtherKinds(in archive: ZipArchive, folder: String) throws(PyTorchError) {
        let code = "\(folder)/code/"
        let constants = "\(folder)/constants.pkl"
        if archive.entries.keys.contains(where: { $0 == constants || $0.hasPrefix(code) }) {
            throw PyTorchError(
                .unsupported,
                "the file is a TorchScript program, which is not executed: use the checkpoint it was exported from"
            )
        }
        if let order = try archive.contents(of: "\(folder)/byteorder"), archive.bytes[order].elementsEqual("big".utf8) {
            throw PyTorchError(
                .unsupported,
                "the checkpoint is big-endian: load it with PyTorch on a little-endian machine and save it again"
            )
        }
    }
}
