internal import Basics
internal import Crypto
internal import FoundationEssentials
internal import Glibc

/// A file that holds a model.
package struct ModelFile: Hashable, Sendable {
    /// Supported file formats, in order of preference.
    package enum Format: String, CaseIterable, Sendable {
        /// A checkpoint saved by YOLOv5's training.
        case checkpoint = "pt"
        /// An ONNX export.
        case onnx
        /// An OpenVINO IR: the .xml file, with its weights in a .bin file next to it.
        case openVINO = "xml"
    }

    /// Maximum number of Unicode scalars in a name.
    package static let maximumNameLength = 64
    /// Maximum size of each part in bytes.
    static let maximumBytes = 2 << 30

    /// Path of the file.
    package let path: String
    /// Name of the model: the file name without its extension.
    package let name: String
    /// Format, according to the extension.
    package let format: Format

    /// Describes the file at a path without reading it; nil if its name is not that of a model.
    ///
    /// The extension must be that of a ``Format``. The name has at most 64 Unicode scalars, as in requests, and no control
    /// characters or line separators.
    package init?(path: String) {
        let file = path.split(separator: "/").last ?? ""
        guard let dot = file.lastIndex(of: "."), dot > file.startIndex,
            let format = Format(rawValue: file[file.index(after: dot)...].lowercased())
        else { return nil }
        self.path = path
        self.format = format
        name = String(file[..<dot])
        let scalars = name.unicodeScalars
        guard scalars.count <= Self.maximumNameLength, !scalars.contains(where: Self.isControl) else { return nil }
    }

    /// Returns the models in a directory, sorted by name.
    ///
    /// Of several files with the same name, only the one in the preferred format is returned. Hidden files are skipped.
    /// - Throws: A file system error if the directory cannot be read.
    package static func all(in directory: String) throws -> [ModelFile] {
        let files = try FileManager.default.contentsOfDirectory(atPath: directory)
            .compactMap { ModelFile(path: "\(directory)/\($0)") }
            .filter { !$0.name.hasPrefix(".") }
        return Dictionary(grouping: files, by: \.name).values
            .compactMap { $0.min { $0.rank < $1.rank } }
            .sorted { $0.name < $1.name }
    }

    /// Paths of all files of the model; an ONNX export may have its weights next to it, in a file with `.data` added.
    package var parts: [String] {
        switch format {
        case .checkpoint: [path]
        case .onnx: access("\(path).data", F_OK) == 0 ? [path, "\(path).data"] : [path]
        case .openVINO: [path, "\(path.dropLast(".xml".count)).bin"]
        }
    }

    /// Path of the settings beside the model, `NAME.yaml`; nil if there are none.
    package var settingsPath: String? {
        let settings = "\(path.dropLast(format.rawValue.count))yaml"
        return access(settings, F_OK) == 0 ? settings : nil
    }

    /// Reads a text file beside the model.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel`, naming the file.
    func text(of path: String, maximumBytes: Int) throws(YOLOError) -> String {
        try check([path], maximumBytes: maximumBytes)
        do {
            return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        } catch {
            throw YOLOError(.invalidModel, "\(name(of: path)) cannot be read", cause: error)
        }
    }

    /// Rejects missing, non-regular and oversized files before they are opened: opening a pipe blocks.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel`, naming the part.
    func check() throws(YOLOError) { try check(parts, maximumBytes: Self.maximumBytes) }

    private func check(_ parts: [String], maximumBytes: Int) throws(YOLOError) {
        for part in parts {
            var status = stat()
            guard stat(part, &status) == 0 else { throw failure(of: part) }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw YOLOError(.invalidModel, "\(name(of: part)) is not a regular file")
            }
            guard status.st_size <= maximumBytes else {
                throw YOLOError(
                    .invalidModel,
                    "\(name(of: part)) has \(status.st_size) bytes, more than the limit of \(maximumBytes)"
                )
            }
        }
    }

    /// Returns the SHA-256 of the bytes of all parts, in 64 lowercase hexadecimal digits.
    ///
    /// - Throws: ``YOLOError`` with `invalidModel` if a part cannot be read.
    package func sha256() throws(YOLOError) -> String {
        try check()
        var hash = SHA256()
        for part in parts { try update(&hash, with: part) }
        return hash.finalize().hexadecimal
    }

    private func update(_ hash: inout SHA256, with part: String) throws(YOLOError) {
        let descriptor = open(part, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(of: part) }
        defer { close(descriptor) }
        try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer throws(YOLOError) in
            while true {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw failure(of: part) }
                guard count > 0 else { return }
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }

    private func failure(of part: String) -> YOLOError {
        YOLOError(.invalidModel, "\(name(of: part)) cannot be read: \(String(cString: strerror(errno)))")
    }

    /// Returns the name of a part for an error message about the model.
    private func name(of part: String) -> String {
        part == path ? "it" : part.split(separator: "/").last.map(String.init) ?? part
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        [.control, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
    }

    private var rank: Int { Format.allCases.firstIndex(of: format) ?? 0 }
}
