internal import Glibc
internal import YOLO

/// Detects changes of a model's files from their metadata, without reading them.
struct FileSignature: Hashable, Sendable {
    private struct Part: Hashable {
        var path: String
        var device: UInt
        var file: UInt
        var bytes: Int
        var modifiedSeconds: Int
        var modifiedNanoseconds: Int
        var changedSeconds: Int
        var changedNanoseconds: Int
    }

    private let parts: [Part]

    init(of file: ModelFile) {
        parts = (file.parts + [file.settingsPath].compactMap(\.self)).compactMap { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            return Part(
                path: path,
                device: UInt(status.st_dev),
                file: UInt(status.st_ino),
                bytes: Int(status.st_size),
                modifiedSeconds: status.st_mtim.tv_sec,
                modifiedNanoseconds: status.st_mtim.tv_nsec,
                changedSeconds: status.st_ctim.tv_sec,
                changedNanoseconds: status.st_ctim.tv_nsec
            )
        }
    }
}
