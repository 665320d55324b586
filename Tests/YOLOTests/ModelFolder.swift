import CheckpointSupport
import Foundation
import Testing
import YOLO

/// A directory for models, which goes when nobody refers to it any more.
final class ModelFolder {
    let path: String

    init() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "osprey-models-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        path = directory.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file.
    @discardableResult
    func write(_ bytes: [UInt8] = [], to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(filePath: file))
        return file
    }

    /// Writes a checkpoint.
    func save(_ root: SavedValue, as name: String = "model.pt") throws -> ModelFile {
        try #require(ModelFile(path: write(CheckpointWriter.archive(root), to: name)))
    }
}
