/// A file that `torch.save` wrote, from PyTorch 1.6 on: a zip file of one pickle and the storages of its tensors.
///
/// Nothing in it is ever run. It is read into memory whole; tensors refer to it and copy nothing before their numbers
/// are asked for.
package struct Checkpoint {
    /// How large and involved a file may be.
    package struct Limits: Sendable {
        /// The file's size in bytes.
        package var maximumFileBytes = 2 << 30
        /// The size of `data.pkl`, which is all but the tensors, in bytes.
        package var maximumPickleBytes = 32 << 20
        /// How many files the archive may hold; there is one for each tensor.
        package var maximumEntries = 1 << 17
        /// How many values the pickle may make; that of YOLOv5n makes 34,000.
        package var maximumValues = 1 << 20
        /// How deep values may be nested in each other; those of YOLOv5n are 22 deep.
        package var maximumDepth = 200
        /// How many values there may be if each that is shared counts wherever it is; YOLOv5n has 11,000.
        package var maximumWalkedValues = 1 << 22

        /// The limits that a server uses.
        package init() {}
    }

    /// What was saved.
    package let root: PickleValue
    /// Size of the file in bytes.
    package let byteCount: Int

    /// Reads a checkpoint.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - limits: How large and involved it may be.
    /// - Throws: ``PyTorchError`` with any code but ``PyTorchError/Code/unreadable``.
    package init(bytes: [UInt8], limits: Limits = Limits()) throws(PyTorchError) {
        guard bytes.count <= limits.maximumFileBytes else {
            throw PyTorchError(
                .tooLarge,
                "the file has \(bytes.count) bytes, and at most \(limits.maximumFileBytes) are read"
            )
        }
        guard bytes.starts(with: Self.zipSignature) else { throw Self.notAnArchive(bytes) }
        let archive = try ZipArchive(bytes, maximumEntries: limits.maximumEntries)
        let folder = try Self.folder(in: archive)
        try Self.refuseOtherKinds(in: archive, folder: folder)
        guard let pickle = try archive.contents(of: "\(folder)/data.pkl") else {
            throw PyTorchError(.notAnArchive, "the zip file has no data.pkl: it is not what torch.save writes")
        }
        guard pickle.count <= limits.maximumPickleBytes else {
            throw PyTorchError(
                .tooLarge,
                "data.pkl has \(pickle.count) bytes, and at most \(limits.maximumPickleBytes) are read"
            )
        }
        var unpickler = Unpickler(StorageReader(archive, folder: folder), pickle, limits: limits)
        root = try unpickler.load()
        byteCount = bytes.count
    }

    /// Reads a checkpoint from a file.
    ///
    /// - Parameters:
    ///   - path: Where the file is.
    ///   - limits: How large and involved it may be.
    /// - Throws: ``PyTorchError``.
    package init(path: String, limits: Limits = Limits()) throws(PyTorchError) {
        let bytes = try CheckpointFile(path).read(maximumByteCount: limits.maximumFileBytes)
        try self.init(bytes: bytes, limits: limits)
    }

    private static let zipSignature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
    /// What the files of PyTorch before 1.6 begin with: a pickle of the number 0x1950A86A20F9469CFC6C.
    private static let legacySignature: [UInt8] = [
        0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
    ]

    private static func notAnArchive(_ bytes: [UInt8]) -> PyTorchError {
        guard bytes.starts(with: legacySignature) else {
            return PyTorchError(.notAnArchive, "the file is not what torch.save writes: give the checkpoint itself")
        }
        return PyTorchError(
            .unsupported,
            "the checkpoint is in the format of PyTorch before 1.6: load it with a current PyTorch and save it again"
        )
    }

    /// The folder that everything is in: the file's stem, or `archive`.
    private static func folder(in archive: ZipArchive) throws(PyTorchError) -> String {
        let folders = Set(archive.entries.keys.map { Array($0.utf8.prefix { $0 != UInt8(ascii: "/") }) })
        guard let folder = folders.first, folders.count == 1 else {
            throw PyTorchError(
                .notAnArchive,
                "the zip file does not have everything in one folder: it is not what torch.save writes"
            )
        }
        return String(decoding: folder, as: UTF8.self)
    }

    /// Refuses what PyTorch writes in the same container, and what only another machine can read.
    private static func refuseOtherKinds(in archive: ZipArchive, folder: String) throws(PyTorchError) {
        let code = "\(folder)/code/"
        let constants = "\(folder)/constants.pkl"
        if archive.entries.keys.contains(where: { $0 == constants || $0.hasPrefix(code) }) {
            throw PyTorchError(
                .unsupported,
                "the file is a TorchScript program, which would have to be run: give the checkpoint it was exported from"
            )
        }
        if let order = try archive.contents(of: "\(folder)/byteorder"), archive.bytes[order].elementsEqual("big".utf8) {
            throw PyTorchError(
                .unsupported,
                "the checkpoint was saved on a big-endian machine: load it with PyTorch on another and save it again"
            )
        }
    }
}
