import TestSupport
import Testing
import YOLO

extension TemporaryDirectory {
    /// Writes a checkpoint.
    func save(_ root: SavedValue, as name: String = "model.pt") throws -> ModelFile {
        try #require(ModelFile(path: write(name, CheckpointWriter.archive(root))))
    }
}
