/// Writes the files that `torch.save` writes, from PyTorch 1.6 on.
package enum CheckpointWriter {
    /// A checkpoint of one value.
    ///
    /// - Parameters:
    ///   - root: What was saved.
    ///   - folder: What the folder in the archive is called: the file's stem, `archive` in older releases.
    /// - Returns: The file.
    package static func archive(_ root: SavedValue, folder: String = "archive") -> [UInt8] {
        var writer = PickleWriter()
        writer.write(root: root)
        return zip(pickle: writer.bytes, storages: writer.storages.map(\.bytes), folder: folder).archive()
    }

    /// The pickle of one value, without the storages of its tensors.
    package static func pickle(_ root: SavedValue) -> [UInt8] {
        var writer = PickleWriter()
        writer.write(root: root)
        return writer.bytes
    }

    /// The archive of a pickle and its storages, `data/0`, `data/1`, …; a test may spoil it before it is written.
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
