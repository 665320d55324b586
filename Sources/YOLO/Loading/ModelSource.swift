internal import Basics
internal import Crypto
internal import Inference
internal import PyTorch

/// A model file that has been checked, hashed and parsed, each once.
struct ModelSource {
    enum Contents {
        case checkpoint(Checkpoint)
        case export(Model)
    }

    let file: ModelFile
    /// SHA-256 of the file in lowercase hexadecimal digits.
    let sha256: String
    let contents: Contents
    /// What the user states about the model.
    let settings: ModelSettings

    /// Reads a file.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel` if the file cannot be read or parsed.
    init(_ file: ModelFile, runtime: Runtime) throws(YOLOError) {
        self.file = file
        settings = try ModelSettings(of: file)
        switch file.format {
        case .checkpoint:
            try file.check()
            do throws(PyTorchError) {
                let bytes = try CheckpointFile(file.path).read(maximumByteCount: ModelFile.maximumBytes)
                sha256 = SHA256.hash(data: bytes).hexadecimal
                contents = .checkpoint(try Checkpoint(bytes: bytes))
            } catch {
                throw YOLOError(.invalidModel, error.message, cause: error)
            }
        case .onnx, .openVINO:
            sha256 = try file.sha256()
            do {
                contents = .export(try Model(path: file.path, runtime: runtime))
            } catch {
                throw YOLOError(.invalidModel, "it is damaged, or not a model that OpenVINO can read", cause: error)
            }
        }
    }
}
