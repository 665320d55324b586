/// Writes checkpoints in the format of `torch.save`, from PyTorch 1.6 on.
package enum CheckpointWriter {
    /// Returns a checkpoint of one value.
    ///
    /// - Parameters:
    ///   - root: The saved value.
    ///   - folder: Name of the top-level folder: the file's stem, or `archive` in older releases of PyTorch.
    /// - Returns: The bytes of the file.
    package static func archive(_ root: SavedValue, folder: String = "archive") -> [UInt8] {
        var writer = PickleWriter()
        writer.write(root: root)
        return zip(pickle: writer.bytes, storages: writer.storages.map(\.bytes), folder: folder).archive()
    }

    /// Returns the pickle of one value, without the storages of its tensors.
    package static func pickle(_ root: SavedValue) -> [UInt8] {
        var writer = PickleWriter()
        writer.write(root: root)
        return writer.bytes
    }

    /// Returns an archive of a pickle and its storages, `data/0`, `data/1`, …; tests may corrupt it before writing it.
    package static func zip(pickle: [UInt8], storages: [[UInt8]] = [], folder: String = "archive") -> ZipWriter {
        var zip = ZipWriter()
        zip.add("\(folder)/data.pkl", pickle)
        zip.add("\(folder)/byteorder", Array("little".utf8))
        for (key, bytes) in storages.enumerated() {
            zip.add("\(folder)/data/\(key)", bytes)
        }
        zip.add("\(folder)/version", Array("3\n".utf8))
        return zip
    }
}
