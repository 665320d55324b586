internal import Basics
internal import Crypto
internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// A file that is being written as `NAME.part`, and gets its name when it is complete and its SHA-256 is right.
///
/// It stays when the process is killed, so that a download can go on later; but without bytes, it is removed.
struct PartialFile: ~Copyable {
    private let target: String
    private let file: FileDescriptor
    /// Number of bytes that it has.
    private(set) var count: Int

    /// Opens what is there of a file, or creates it.
    ///
    /// - Throws: ``AssetError``.
    init(of target: String) throws(AssetError) {
        let (file, count) = try Self.open("\(target).part")
        (self.target, self.file, self.count) = (target, file, count)
    }

    private static func open(_ path: String) throws(AssetError) -> (FileDescriptor, count: Int) {
        do {
            let permissions = FilePermissions(rawValue: 0o644)
            let options: FileDescriptor.OpenOptions = [.create, .closeOnExec]
            let file = try FileDescriptor.open(FilePath(path), .readWrite, options: options, permissions: permissions)
            return (file, count: Int(try file.seek(offset: 0, from: .end)))
        } catch {
            throw AssetError(path, error)
        }
    }

    deinit {
        try? file.close()
        if count == 0 { unlink("\(target).part") }
    }

    /// Forgets the bytes from an offset on.
    mutating func truncate(to count: Int) throws(AssetError) {
        do {
            try file.resize(to: Int64(count))
            try file.seek(offset: Int64(count), from: .start)
            self.count = count
        } catch {
            throw AssetError(target, error)
        }
    }

    mutating func append(_ bytes: RawSpan) throws(AssetError) {
        do {
            count += try bytes.withUnsafeBytes { try file.writeAll($0) }
        } catch {
            throw AssetError(target, error)
        }
    }

    /// Gives the file its name, if it has the bytes that it should have; otherwise removes it.
    ///
    /// - Parameter digest: SHA-256 in 64 lowercase hexadecimal digits.
    /// - Returns: Whether it has.
    /// - Throws: ``AssetError``.
    func finish(sha256 digest: String) throws(AssetError) -> Bool {
        do {
            let bytes = try Data(contentsOf: URL(filePath: "\(target).part"), options: .mappedIfSafe)
            guard SHA256.hash(data: bytes).hexadecimal == digest else {
                unlink("\(target).part")
                return false
            }
            // A power failure must not leave the name without the contents.
            guard fsync(file.rawValue) == 0, rename("\(target).part", target) == 0 else { throw Errno(rawValue: errno) }
            return true
        } catch {
            throw AssetError(target, error)
        }
    }
}
