internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import Inference

/// A file that holds a model.
public struct ModelFile: Hashable, Sendable {
    /// The forms of models, the preferred one first.
    public enum Format: String, CaseIterable, Sendable {
        /// A checkpoint as YOLOv5's training saves it.
        case checkpoint = "pt"
        /// An ONNX export.
        case onnx
        /// An OpenVINO IR: the .xml file, with its weights in a .bin file beside it.
        case openVINO = "xml"
    }

    /// Most characters of a name.
    public static let maximumNameLength = 64
    /// Most bytes of each part.
    private static let maximumBytes = 2 << 30

    /// Where the file is.
    public let path: String
    /// The file's name without its extension.
    public let name: String
    /// The form, which the extension tells.
    public let format: Format

    /// Names a file; nil where its extension is that of no model.
    ///
    /// A name has at most 64 characters, as in requests, and none that would break a line.
    public init?(path: String) {
        let file = path.split(separator: "/").last ?? ""
        guard let dot = file.lastIndex(of: "."), dot > file.startIndex,
            let format = Format(rawValue: file[file.index(after: dot)...].lowercased())
        else { return nil }
        self.path = path
        self.format = format
        name = String(file[..<dot])
        guard name.count <= Self.maximumNameLength, !name.unicodeScalars.contains(where: Self.isControl) else {
            return nil
        }
    }

    /// The models in a directory by name; of several files of one name, the one in the preferred form.
    ///
    /// - Throws: An error where the directory cannot be read.
    public static func all(in directory: String) throws -> [ModelFile] {
        let files = try FileManager.default.contentsOfDirectory(atPath: directory)
            .compactMap { ModelFile(path: "\(directory)/\($0)") }
            .filter { !$0.name.hasPrefix(".") }
        return Dictionary(grouping: files, by: \.name).values
            .compactMap { $0.min { $0.rank < $1.rank } }
            .sorted { $0.name < $1.name }
    }

    /// The files whose bytes make the model.
    public var parts: [String] {
        format == .openVINO ? [path, "\(path.dropLast(".xml".count)).bin"] : [path]
    }

    /// Refuses what is no readable file of an acceptable size, before anything opens it and waits for it.
    ///
    /// - Throws: `InferenceError` naming the part.
    func check() throws {
        for part in parts {
            var status = stat()
            guard stat(part, &status) == 0 else { throw failure(of: part) }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw InferenceError(.invalidModel, "\(name(of: part)) is no file")
            }
            guard status.st_size <= Self.maximumBytes else {
                throw InferenceError(
                    .invalidModel,
                    "\(name(of: part)) has \(status.st_size) bytes, and at most \(Self.maximumBytes) are read"
                )
            }
        }
    }

    /// The SHA-256 of the model's bytes in 64 lower case hexadecimal digits.
    ///
    /// - Throws: `InferenceError` where they cannot be read.
    public func sha256() throws -> String {
        try check()
        var hash = SHA256()
        for part in parts { try update(&hash, with: part) }
        return hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }

    private func update(_ hash: inout SHA256, with part: String) throws {
        let descriptor = open(part, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(of: part) }
        defer { close(descriptor) }
        try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            while true {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw failure(of: part) }
                guard count > 0 else { return }
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }

    private func failure(of part: String) -> InferenceError {
        InferenceError(.invalidModel, "\(name(of: part)) cannot be read: \(String(cString: strerror(errno)))")
    }

    /// What to call a part in a message about the model.
    private func name(of part: String) -> String {
        part == path ? "it" : part.split(separator: "/").last.map(String.init) ?? part
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        [.control, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
    }

    private var rank: Int { Format.allCases.firstIndex(of: format) ?? 0 }
}
